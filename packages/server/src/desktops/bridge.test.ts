import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { connect, createServer as createSocketServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createControls } from './control.ts'
import { createViewers } from './viewers.ts'

const opened: (() => unknown)[] = []
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close()
})

/** A viewer of a desktop whose bytes come by a connection that this server accepted, as those of sandboxes do. */
async function watchDesktop(before: (desktop: Socket) => void = () => {}) {
  const { desktop, accepted } = await acceptedConnection()
  before(desktop)
  const controls = createControls({ idleMs: 60_000, onChange: () => {}, onInput: () => {} })
  const viewers = createViewers({ open: async () => accepted, controls })
  const server = createServer().on('upgrade', (request, socket, head) =>
    viewers.accept(request, socket, head, new AbortController().signal, { job: 'job-1', share: null }),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  opened.push(() => server.close())
  opened.push(() => viewers[Symbol.asyncDispose]())
  const viewer = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const got: Buffer[] = []
  viewer.on('message', (data: Buffer) => got.push(data))
  viewer.on('error', () => {})
  opened.push(() => viewer.terminate())
  await once(viewer, 'open')
  return { desktop, accepted, viewer, got: () => Buffer.concat(got) }
}

async function acceptedConnection(): Promise<{ desktop: Socket; accepted: Socket }> {
  const folder = await mkdtemp(join(tmpdir(), 'vitrine-bridge-'))
  opened.push(() => rm(folder, { recursive: true }))
  const server = createSocketServer().listen(join(folder, 'socket'))
  opened.push(() => server.close())
  await once(server, 'listening')
  const desktop = connect(join(folder, 'socket'))
  desktop.on('error', () => {})
  opened.push(() => desktop.destroy())
  const [accepted] = (await once(server, 'connection')) as [Socket]
  accepted.on('error', () => accepted.destroy())
  return { desktop, accepted }
}

const gone = (socket: Socket) =>
  new Promise((resolve) => (socket.closed ? resolve(null) : socket.once('close', resolve)))

const MiB = 1024 * 1024

/** No two of its bytes' surroundings are the same: what is lost, doubled or overwritten shows. */
function numbered(bytes: number): Buffer {
  const numbers = Uint32Array.from({ length: bytes / 4 }, (_, index) => index)
  return Buffer.from(numbers.buffer)
}

test('what a desktop sends arrives whole and in order, also at a viewer that often stops reading', async () => {
  const { desktop, viewer, got } = await watchDesktop()
  const sent = numbered(24 * MiB)
  let sinceStop = 0
  viewer.on('message', (data: Buffer) => {
    sinceStop += data.length
    if (sinceStop < MiB) return
    sinceStop = 0
    viewer.pause()
    setTimeout(() => viewer.resume(), 2)
  })
  for (let at = 0; at < sent.length; at += 300_000) desktop.write(sent.subarray(at, at + 300_000))
  desktop.end()
  await once(viewer, 'close')
  expect(got().equals(sent)).toBe(true)
})

test('what a desktop sent before its viewer was there comes first', async () => {
  const { desktop, got } = await watchDesktop((desktop) => desktop.write('RFB 003.008\n'))
  desktop.write('and more')
  await expect.poll(() => got().toString()).toBe('RFB 003.008\nand more')
})

test('a desktop waits for a viewer that reads nothing, and goes on when it reads again', async () => {
  const { desktop, viewer, got } = await watchDesktop()
  viewer.pause()
  const sent = numbered(48 * MiB)
  for (let at = 0; at < sent.length; at += MiB) desktop.write(sent.subarray(at, at + MiB))
  desktop.end()
  let waiting = 0
  const stands = () => waiting === (waiting = desktop.writableLength) && waiting > 0
  await expect.poll(stands, { interval: 200, timeout: 25_000 }).toBe(true)
  expect(waiting).toBeGreaterThan(24 * MiB) // the rest is what the kernel and the viewer hold
  viewer.resume()
  await once(viewer, 'close')
  expect(got().equals(sent)).toBe(true)
})

test('a viewer that leaves ends the connection, also where it had stopped reading', async () => {
  const { desktop, accepted, viewer } = await watchDesktop()
  viewer.pause()
  desktop.write(numbered(48 * MiB))
  viewer.terminate()
  await gone(desktop)
  await expect.poll(() => accepted.destroyed).toBe(true)
})

test('whoever ends the connection ends it for the viewer, who is told what happened', async () => {
  const closing = async (viewer: WebSocket) => {
    const [code, reason] = (await once(viewer, 'close')) as [number, Buffer]
    return [code, reason.toString()]
  }
  const ending = await watchDesktop()
  ending.desktop.end()
  expect(await closing(ending.viewer)).toEqual([1001, 'the desktop closed'])
  const broken = await watchDesktop()
  const shown = once(broken.viewer, 'message')
  broken.desktop.write('RFB')
  await shown
  broken.accepted.destroy() // as its link does
  expect(await closing(broken.viewer)).toEqual([1001, 'the connection to the desktop broke'])
  await gone(broken.desktop)
})
