import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { publish } from './files.ts'
import { downloadFromHub, HubUnreachable } from './hub.ts'
import { installModel } from './install.ts'
import { DEMONSTRATION } from './models.ts'

const CONTENT = Buffer.from('GGUF and then the weights')
const silent = { progress: () => {} }

async function directory() {
  const made = await mkdtemp(join(tmpdir(), 'vitrine-install-'))
  onTestFinished(async ({ task }) => {
    if (task.result?.state !== 'fail') await rm(made, { recursive: true })
  })
  return made
}

async function hub(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/model.gguf`
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return { url, [Symbol.dispose]: close }
}

function pinned(url: string) {
  return { url, size: CONTENT.length, sha256: createHash('sha256').update(CONTENT).digest('hex') }
}

test('a model comes from its hub whole, with progress, and leaves nothing else', async () => {
  using server = await hub((_, response) => response.end(CONTENT))
  const models = await directory()
  const lines: string[] = []
  await downloadFromHub(pinned(server.url), join(models, 'm.gguf'), { progress: (line) => lines.push(line) })
  expect(await readdir(models)).toEqual(['m.gguf'])
  expect(await readFile(join(models, 'm.gguf'))).toEqual(CONTENT)
  expect(lines.at(-1)).toBe('downloading the model: 100 % of 0 MB')
})

test('a model with another checksum is refused and removed', async () => {
  using server = await hub((_, response) => response.end('X'.repeat(CONTENT.length)))
  const models = await directory()
  const download = downloadFromHub(pinned(server.url), join(models, 'm.gguf'), silent)
  await expect(download).rejects.toThrow(/its SHA-256 is [0-9a-f]{64}, not [0-9a-f]{64}/)
  expect(await readdir(models)).toEqual([])
})

test('a download that breaks off leaves nothing half-made, and is no reason to take another model', async () => {
  using server = await hub((_, response) => {
    response.writeHead(200, { 'content-length': CONTENT.length })
    response.write(CONTENT.subarray(0, 5), () => response.destroy())
  })
  const models = await directory()
  const failure: unknown = await downloadFromHub(pinned(server.url), join(models, 'm.gguf'), silent).catch(
    (e: unknown) => e,
  )
  expect(failure).toBeInstanceOf(Error)
  expect(failure).not.toBeInstanceOf(HubUnreachable)
  expect(await readdir(models)).toEqual([])
})

test('a download can be canceled', async () => {
  const asked = Promise.withResolvers<void>()
  using server = await hub(() => asked.resolve())
  const cancel = new AbortController()
  const models = await directory()
  const download = downloadFromHub(pinned(server.url), join(models, 'm.gguf'), {
    ...silent,
    signal: cancel.signal,
  })
  const outcome = expect(download).rejects.toThrow('enough')
  await asked.promise
  cancel.abort(new Error('enough'))
  await outcome
})

test.each([
  ['that refuses connections', 'http://127.0.0.1:1/m.gguf'],
  ['that has no name', 'http://hub.invalid/m.gguf'],
])('a hub %s is unreachable', async (_, url) => {
  const download = downloadFromHub(pinned(url), join(await directory(), 'm.gguf'), silent)
  await expect(download).rejects.toBeInstanceOf(HubUnreachable)
})

test(
  'a hub that takes the call and says nothing is unreachable after five seconds',
  { timeout: 8_000 },
  async () => {
    using server = await hub(() => {})
    const download = downloadFromHub(pinned(server.url), join(await directory(), 'm.gguf'), silent)
    await expect(download).rejects.toThrow(/did not answer: no answer in 5 s/)
  },
)

test('a hub without the file is as good as none', async () => {
  using server = await hub((_, response) => response.writeHead(404).end())
  const download = downloadFromHub(pinned(server.url), join(await directory(), 'm.gguf'), silent)
  await expect(download).rejects.toThrow(HubUnreachable)
})

test('a given file that is no model is refused', async () => {
  const file = join(await directory(), 'notes.gguf')
  await writeFile(file, 'hello')
  await expect(installModel({ models: '/nowhere', modelFile: file }, silent)).rejects.toThrow(
    /not a GGUF model/,
  )
  await expect(installModel({ models: '/nowhere', modelFile: `${file}.not` }, silent)).rejects.toThrow(
    /ENOENT/,
  )
})

test('a given model is taken under the name of its file', async () => {
  const file = join(await directory(), 'Tiny-Q4.gguf')
  await writeFile(file, CONTENT)
  expect(await installModel({ models: '/nowhere', modelFile: file }, silent)).toEqual({
    file,
    name: 'tiny-q4:latest',
    source: 'given',
  })
})

test('a model that is there is taken at once, and a toy is called one', async () => {
  const models = await directory()
  await writeFile(join(models, DEMONSTRATION.file), CONTENT)
  const found = await installModel({ models }, { progress: () => expect.unreachable() })
  expect(found).toMatchObject({ name: DEMONSTRATION.name, source: 'demonstration' })
  expect(found.warning).toMatch(/is a toy/)
})

test('what fails while a file is made takes the half-made file with it', async () => {
  const models = await directory()
  const making = publish(join(models, 'm.gguf'), async (part) => {
    await writeFile(join(part, 'half'), 'x')
    throw new Error('broke')
  })
  await expect(making).rejects.toThrow('broke')
  expect(await readdir(models)).toEqual([])
})
