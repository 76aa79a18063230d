import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Duplex, duplexPair } from 'node:stream'
import { VitrineError } from '@vitrine/contract/error.ts'
import { limits } from '@vitrine/contract/limits.ts'
import { sizeFrame, terminalAhead, typedFrames, type TerminalSize } from '@vitrine/contract/terminal.ts'
import { afterEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createTerminals, type OpenTerminal } from './terminals.ts'

const opened: AsyncDisposable[] = []
afterEach(async () => {
  for (const one of opened.splice(0).toReversed()) await one[Symbol.asyncDispose]()
})

/** A server that opens terminals of the job named by the path, with the sizes that it was asked for. */
async function serveTerminals(open: OpenTerminal, seen: [job: string, what: string][] = []) {
  const watch = (job: string) => ({
    prints: (bytes: Uint8Array) => void seen.push([job, Buffer.from(bytes).toString()]),
    [Symbol.dispose]: () => void seen.push([job, 'closed']),
  })
  const terminals = createTerminals({ open, watch })
  const server = createServer()
  server.on('upgrade', (request, socket, head) =>
    terminals.accept(
      request,
      socket,
      head,
      new AbortController().signal,
      request.url!.slice(1).split('?')[0]!,
    ),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  opened.push({ [Symbol.asyncDispose]: async () => void server.close() }, terminals)
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Pairs of streams: the terminals' side goes to the bridge, the shell's side to the test. */
function shells() {
  const sides: Duplex[] = []
  const sizes: TerminalSize[] = []
  const open: OpenTerminal = async (_job, size) => {
    const [terminalSide, shellSide] = duplexPair()
    shellSide.on('error', () => {})
    sides.push(shellSide)
    sizes.push(size)
    return terminalSide
  }
  const side = async (index: number): Promise<Duplex> => {
    await expect.poll(() => sides[index]).toBeDefined()
    return sides[index]!
  }
  return { open, side, sizes }
}

async function openTerminal(url: string, job = 'job-1', size = 'columns=80&rows=24'): Promise<WebSocket> {
  const terminal = new WebSocket(`${url}/${job}?${size}`)
  terminal.on('error', () => {})
  await once(terminal, 'open')
  return terminal
}

const closed = async (terminal: WebSocket): Promise<[code: number, reason: string]> => {
  const [code, reason] = (await once(terminal, 'close')) as [number, Buffer]
  return [code, reason.toString()]
}

test('what is typed and each new size reach the shell in order, and what it prints comes back and is observed', async () => {
  const { open, side, sizes } = shells()
  const seen: [string, string][] = []
  const url = await serveTerminals(open, seen)
  const terminal = await openTerminal(url)
  const everyByte = Buffer.from(Array.from({ length: 256 }, (_, value) => value))
  terminal.send(everyByte)
  terminal.send(JSON.stringify({ size: { columns: 300, rows: 50 } }))
  terminal.send(Buffer.alloc(100_000, 'x'))
  const shell = await side(0)
  expect(sizes).toEqual([{ columns: 80, rows: 24 }])
  const expected = Buffer.concat([
    ...typedFrames(everyByte),
    sizeFrame({ columns: 300, rows: 50 }),
    ...typedFrames(Buffer.alloc(100_000, 'x')),
  ])
  const got: Buffer[] = []
  shell.on('data', (chunk: Buffer) => got.push(chunk))
  await expect.poll(() => Buffer.concat(got).equals(expected)).toBe(true)

  const shown = once(terminal, 'message')
  shell.write('$ ')
  expect((await shown).map(String)).toEqual(['$ ', 'true'])
  expect(seen).toEqual([['job-1', '$ ']])
  terminal.close()
  await expect.poll(() => seen.at(-1)).toEqual(['job-1', 'closed'])
})

test('a shell that ends closes its terminal with 1000, after all that it printed; one that is lost with 1001', async () => {
  const { open, side } = shells()
  const url = await serveTerminals(open)
  const terminal = await openTerminal(url)
  const last = once(terminal, 'message')
  ;(await side(0)).end('logout')
  expect(await closed(terminal)).toEqual([1000, 'the shell ended'])
  expect(String((await last)[0])).toBe('logout')

  const broken = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
  const other = await openTerminal(await serveTerminals(async () => broken))
  broken.destroy(new Error('ECONNRESET'))
  expect(await closed(other)).toEqual([1001, 'the connection to the shell broke'])
})

test('a shell that prints for ever waits until its terminal has shown what came before', async () => {
  let printed = 0
  const chunk = Buffer.alloc(16 * 1024, 'y')
  const shell = new Duplex({
    read() {
      printed += chunk.length
      setImmediate(() => this.push(chunk))
    },
    write: (_chunk, _encoding, done) => done(),
  })
  const url = await serveTerminals(async () => shell)
  const terminal = new WebSocket(`${url}/job-1?columns=80&rows=24`)
  let received = 0
  terminal.on('message', (data: Buffer) => (received += data.length))
  await expect.poll(() => received).toBeGreaterThanOrEqual(terminalAhead)
  // An answer to a ping shows that everything sent before it has come.
  terminal.ping()
  await once(terminal, 'pong')
  expect(received).toBeLessThan(terminalAhead + 2 * chunk.length)
  const before = printed
  terminal.send(JSON.stringify({ shown: received }))
  await expect.poll(() => printed).toBeGreaterThan(before + terminalAhead / 2)
  terminal.terminate()
})

test.each([
  ['no JSON', '{'],
  ['an unknown message', '{"env":{}}'],
  ['a size that is none', '{"size":{"columns":0,"rows":24}}'],
])('a text message with %s closes the terminal with 1003', async (_name, message) => {
  const url = await serveTerminals(shells().open)
  const terminal = await openTerminal(url)
  terminal.send(message)
  expect((await closed(terminal))[0]).toBe(1003)
})

test.each(['', 'columns=80', 'columns=80&rows=0', 'columns=1e9&rows=24', 'columns=NaN&rows=24'])(
  'a terminal of the size %j is not opened',
  async (size) => {
    const url = await serveTerminals(() => expect.fail('it was opened'))
    expect((await closed(await openTerminal(url, 'job-1', size)))[0]).toBe(1003)
  },
)

test('a job has a limit of terminals, which frees a place as soon as one is closed', async () => {
  const { open, side } = shells()
  const url = await serveTerminals(open)
  const all: WebSocket[] = []
  for (let n = 0; n < limits.terminals; n++) all.push(await openTerminal(url))
  expect(await closed(await openTerminal(url))).toEqual([
    1008,
    `${limits.terminals} terminals of this job are open; close one of them first`,
  ])
  await openTerminal(url, 'job-2')
  const first = (await side(0)).resume()
  all[0]!.close()
  await once(first, 'end')
  const next = await openTerminal(url)
  ;(await side(limits.terminals + 1)).write('$ ')
  expect(String((await once(next, 'message'))[0])).toBe('$ ')
})

test('a terminal that does not open says why', async () => {
  const url = await serveTerminals(() =>
    Promise.reject(new VitrineError('conflict', 'The desktop of job job-1 is closed.')),
  )
  expect(await closed(await openTerminal(url))).toEqual([1013, 'The desktop of job job-1 is closed.'])
})
