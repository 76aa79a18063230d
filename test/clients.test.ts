import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SMOLLM } from '../packages/engine/src/models.ts'
import { docker } from './testbed/containers.ts'
import { startOllama, type TestOllama } from './testbed/ollama.ts'
import { startServerProcess, type ServerProcess } from './testbed/server-process.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..')
const model = SMOLLM.name
/** The first call on a machine builds Ollama and downloads the models. */
const firstTime = 600_000

let ollama: TestOllama
let server: ServerProcess
let container: string
let job: string

beforeAll(async () => {
  ollama = await startOllama({ progress: (line) => console.error(line) })
  server = await startServerProcess({ VITRINE_MODEL_SERVERS: ollama.url, VITRINE_MODEL: model })
  job = (await server.vitrine.jobs.create({ task: 'Print hello.', limits: { candidates: 1 } })).id
  await server.reach(job, ({ state }) => state === 'succeeded' || state === 'failed')
  container = (await server.sandboxOf(job))!.id
}, firstTime)
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await ollama.stop()
})

const javascript = `
import { Ollama } from 'ollama'

const ollama = new Ollama({ host: 'http://localhost:11434' })
const model = ${JSON.stringify(model)}
const options = { num_predict: 8, seed: 1 }
const messages = [{ role: 'user', content: 'Say hello.' }]
const told = { text: '', pieces: 0 }
for await (const part of await ollama.chat({ model, messages, options, stream: true })) {
  told.text += part.message.content
  told.pieces++
}
const whole = await ollama.chat({ model, messages, options })
const generated = await ollama.generate({ model, prompt: 'hello', options })
const { models } = await ollama.list()
const shown = await ollama.show({ model })
const running = await ollama.ps()
const refused = await ollama.pull({ model }).then(() => 'taken', ({ status_code }) => status_code)
console.log(JSON.stringify({
  pieces: told.pieces,
  same: told.text === whole.message.content,
  tokens: whole.eval_count,
  generated: generated.response.length > 0,
  listed: models.some(({ name }) => name.startsWith(model)),
  capabilities: shown.capabilities,
  running: running.models.length,
  refused,
}))
`

const python = `
import json, ollama

client = ollama.Client(host='http://localhost:11434')
model = ${JSON.stringify(model)}
options = {'num_predict': 8, 'seed': 1}
messages = [{'role': 'user', 'content': 'Say hello.'}]
parts = list(client.chat(model=model, messages=messages, options=options, stream=True))
whole = client.chat(model=model, messages=messages, options=options)
generated = client.generate(model=model, prompt='hello', options=options)
try:
    client.pull(model)
    refused = 'taken'
except ollama.ResponseError as error:
    refused = error.status_code
print(json.dumps({
    'pieces': len(parts),
    'same': ''.join(part.message.content for part in parts) == whole.message.content,
    'tokens': whole.eval_count,
    'generated': len(generated.response) > 0,
    'listed': any(one.model.startswith(model) for one in client.list().models),
    'capabilities': client.show(model).capabilities,
    'running': len(client.ps().models),
    'refused': refused,
}))
`

const works = {
  same: true,
  tokens: 8,
  generated: true,
  listed: true,
  capabilities: expect.arrayContaining(['completion']) as string[],
  running: 1,
  refused: 403,
}

test('Ollama’s own client for JavaScript works in a sandbox', async () => {
  await using folder = await makeFolder()
  for (const name of ['ollama', 'whatwg-fetch'])
    await cp(join(root, 'node_modules', name), join(folder.path, 'node_modules', name), { recursive: true })
  await writeFile(join(folder.path, 'client.mjs'), javascript)
  await put(folder.path, '/tmp/javascript')
  const told: unknown = JSON.parse(await inside('node', '/tmp/javascript/client.mjs'))
  expect(told).toMatchObject(works)
  expect((told as { pieces: number }).pieces).toBeGreaterThan(1)
}, 120_000)

test('Ollama’s own client for Python works in a sandbox', async () => {
  await using folder = await makeFolder()
  const [, version = ''] = /Python (\d+\.\d+)/.exec(await inside('python3', '--version'))!
  const architecture = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as 'x64' | 'arm64']
  const platform = `manylinux_2_17_${architecture}`
  const target = `--target ${folder.path} --python-version ${version} --platform ${platform}`
  const options = `--quiet --only-binary=:all: ${target}`.split(' ')
  await run('python3', ['-m', 'pip', 'install', ...options, 'ollama==0.6.3'])
  await writeFile(join(folder.path, 'client.py'), python)
  await put(folder.path, '/tmp/python')
  const told: unknown = JSON.parse(await inside('python3', '/tmp/python/client.py'))
  expect(told).toMatchObject(works)
  expect((told as { pieces: number }).pieces).toBeGreaterThan(1)
}, 240_000)

test('what programs in the sandbox ask of the model counts on the job', async () => {
  const body = { model, prompt: 'hello', stream: false, options: { num_predict: 3 } }
  const data = JSON.stringify(JSON.stringify(body))
  const ask = `import urllib.request as r; r.urlopen("http://localhost:11434/api/generate", ${data}.encode()).read()`
  await inside('python3', '-c', ask)
  const calls = async () => {
    const events = await Array.fromAsync(server.vitrine.jobs.events(job, { follow: false }))
    return events.flatMap((event) => (event.type === 'model.called' ? [event.data.tokensOut] : []))
  }
  await expect.poll(async () => (await calls()).at(-1), { timeout: 10_000 }).toBe(3)
  const told = await calls()
  expect((await server.vitrine.jobs.get(job)).usage).toMatchObject({
    calls: told.length,
    tokensOut: told.reduce((sum, tokens) => sum + tokens, 0),
  })
})

const inside = (...command: string[]) => docker('exec', container, ...command)

async function makeFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'vitrine-test-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** Puts a folder into the sandbox, where `docker cp` does not see the tmpfs. */
async function put(folder: string, to: string): Promise<void> {
  await inside('mkdir', to)
  const pack = spawn('tar', ['-C', folder, '-c', '.'])
  const unpack = spawn('docker', ['exec', '-i', container, 'tar', '--no-same-owner', '-x', '-C', to])
  const [code] = (await Promise.all([once(unpack, 'exit'), pipeline(pack.stdout, unpack.stdin)]))[0] as [
    number,
  ]
  if (code !== 0) throw new Error(`the files did not get to ${to}: exit code ${code}`)
}
