import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { sizeFrame, typedFrames } from '@vitrine/contract/terminal.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startSandbox, type TestSandbox } from './testbed/sandbox.ts'

const soon = { timeout: 20_000 }
let sandbox: TestSandbox

beforeAll(async () => {
  sandbox = await startSandbox('http://127.0.0.1:1')
})
afterAll(() => sandbox[Symbol.asyncDispose]())

/** A shell in the sandbox, with what it has printed so far. */
async function openShell(size = { columns: 80, rows: 24 }) {
  const stream: Duplex = await (await sandbox.link()).terminal(size, sandbox.signal)
  stream.on('error', () => {})
  const printed = { text: '', bytes: 0 }
  stream.on('data', (chunk: Buffer) => {
    printed.bytes += chunk.length
    printed.text = (printed.text + chunk.toString()).slice(-100_000)
  })
  const type = (text: string) => {
    for (const frame of typedFrames(Buffer.from(text))) stream.write(frame)
  }
  const see = (what: string | RegExp) => expect.poll(() => printed.text, soon).toMatch(what)
  await see('/output')
  return { stream, printed, type, see }
}
const count = async (pattern: string) => Number(await sandbox.exec('pgrep', '-fc', pattern).catch(() => '0')) // it fails where there is none

test('a shell runs as the agent’s user in /output with the sandbox’s environment, on a terminal of the asked size', async () => {
  const { stream, type, see } = await openShell({ columns: 132, rows: 40 })
  type('echo "$(id -un) $(pwd) $DISPLAY $(stty size) $([ -t 0 ] && echo tty)"\r')
  await see('agent /output :1 40 132 tty')
  stream.write(sizeFrame({ columns: 90, rows: 30 }))
  type('stty size\r')
  await see('30 90')
  type('echo "ünïcode ✓" > typed.txt; cat typed.txt\r')
  await see('ünïcode ✓\r\n')
  expect(await sandbox.exec('cat', '/output/typed.txt')).toBe('ünïcode ✓\n')
  stream.destroy()
})

test('a shell that exits ends its stream after all that it printed, also where a program of it goes on', async () => {
  const { stream, type, printed } = await openShell()
  const ended = once(stream, 'end')
  type('sleep 1001 & echo last words; exit 3\r')
  await ended
  expect(printed.text).toContain('last words\r\n')
  await expect.poll(() => count('^sleep 1001'), soon).toBe(0)
})

test('nothing of a shell is left after its stream was lost, what it started in the background included', async () => {
  const { stream, type } = await openShell()
  type('sleep 1002 & (setsid sleep 1003 &) ; python3 -c "import time; time.sleep(1004)"\r')
  await expect.poll(() => count('^sleep 100[23]|time.sleep.1004'), soon).toBe(3)
  stream.destroy()
  await expect.poll(() => count('^sleep 100[23]|time.sleep.1004|terminal.py'), soon).toBe(0)
})

test('what is printed without end waits for who reads it, and Control-C still ends it', async () => {
  const { stream, type, printed, see } = await openShell()
  stream.pause()
  type('yes\r')
  await expect.poll(() => count('^yes'), soon).toBe(1)
  stream.resume()
  await expect.poll(() => printed.bytes, soon).toBeGreaterThan(4 * 1024 * 1024)
  type('\x03')
  await expect.poll(() => count('^yes'), soon).toBe(0)
  type('echo still $((40 + 2))\r')
  await see('still 42')
  stream.destroy()
})

test('a large paste arrives whole', async () => {
  const { stream, type, see } = await openShell()
  const lines = Array.from({ length: 20_000 }, (_, n) => `line ${n}`).join('\n')
  type('stty -echo; cat > pasted.txt\r')
  type(`${lines}\n\x04`)
  type('wc -l pasted.txt\r')
  await see('20000 pasted.txt')
  stream.destroy()
})

test('a size that is none is refused', async () => {
  const link = await sandbox.link()
  await expect(link.terminal({ columns: 0, rows: 24 }, sandbox.signal)).rejects.toMatchObject({
    code: 'unavailable',
  })
})
