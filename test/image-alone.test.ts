import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { freePort } from './testbed/free-port.ts'
import { docker, image } from './testbed/sandbox.ts'
import { fenced, squares } from './testbed/sandbox-with.ts'
import { startScriptedOllama } from './testbed/scripted-ollama.ts'

describe('the image alone', () => {
  test('runs a task from the command line and serves the desktop on port 6080', async () => {
    await using ollama = await startScriptedOllama({ answers: [fenced(squares)], host: '0.0.0.0' })
    const port = await freePort()
    const address = `http://host.docker.internal:${new URL(ollama.url).port}`
    const network = ['-p', `127.0.0.1:${port}:6080`, '--add-host', 'host.docker.internal:host-gateway']
    const started = docker(
      'run',
      '-d',
      ...network,
      '-e',
      `OLLAMA_HOST=${address}`,
      image,
      'Print "squares"; --help',
    )
    const container = (await started).trim()
    onTestFinished(async () => void (await docker('rm', '-f', container)))
    await expect.poll(() => docker('logs', container), { timeout: 30_000 }).toContain('Verdict: ran')
    expect(await docker('exec', container, 'cat', '/output/print_squares_help.py')).toBe(`${squares}\n`)
    expect(await (await fetch(`http://127.0.0.1:${port}/vnc.html`)).text()).toContain('<title>')
    const pixels = await firstPixels(`ws://127.0.0.1:${port}/websockify`)
    expect(new Set(pixels).size).toBeGreaterThan(8)
  })

  test('says what it tried where no model server answers', async () => {
    const ran = docker('run', '--rm', '-e', 'OLLAMA_HOST=127.0.0.1:9', image, 'Print squares.')
    await expect(ran).rejects.toThrow(
      /No model server could be reached at http:\/\/127.0.0.1:9.*OLLAMA_HOST/s,
    )
  })

  test('says how to be used where it got no task', async () => {
    await expect(docker('run', '--rm', image)).rejects.toThrow('docker run -p 6080:6080')
  })
})

/** Speaks RFB 3.8 (RFC 6143) as far as one raw frame of the whole desktop, and gives its 32-bit pixels. */
async function firstPixels(url: string): Promise<Uint32Array> {
  const socket = new WebSocket(url, ['binary'])
  onTestFinished(() => socket.terminate())
  let received = Buffer.alloc(0)
  socket.on('message', (data) => (received = Buffer.concat([received, data as Buffer])))
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  const take = async (length: number): Promise<Buffer> => {
    while (received.length < length) await sleep(5)
    const taken = received.subarray(0, length)
    received = received.subarray(length)
    return taken
  }
  expect(String(await take(12))).toBe('RFB 003.008\n')
  socket.send(Buffer.from('RFB 003.008\n'))
  const [count = 0] = await take(1)
  await take(count)
  socket.send(Buffer.from([1]))
  await take(4)
  socket.send(Buffer.from([1]))
  const init = await take(24)
  await take(init.readUInt32BE(20))
  const [width, height] = [init.readUInt16BE(0), init.readUInt16BE(2)]
  socket.send(Buffer.from([2, 0, 0, 1, 0, 0, 0, 0]))
  const request = Buffer.alloc(10)
  request.writeUInt8(3, 0)
  request.writeUInt16BE(width, 6)
  request.writeUInt16BE(height, 8)
  socket.send(request)
  const head = await take(16)
  expect(head.readUInt8(0)).toBe(0)
  const size = head.readUInt16BE(8) * head.readUInt16BE(10) * 4
  const pixels = await take(size)
  return new Uint32Array(pixels.buffer.slice(pixels.byteOffset, pixels.byteOffset + size))
}
