import { once } from 'node:events'
import { Duplex } from 'node:stream'
import { afterEach, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import {
  closed,
  desktops,
  encodings,
  hello,
  rawViewer,
  serveViewers,
  watch,
} from './testing/serve-viewers.ts'

afterEach(() => void vi.useRealTimers())

/** A desktop that always has more to show; tells how much of it was taken. */
function endlessDesktop() {
  const size = 64 * 1024
  const desktop = {
    taken: 0,
    stream: new Duplex({
      read() {
        desktop.taken += size
        setImmediate(() => this.push(Buffer.alloc(size)))
      },
      write: (_chunk, _encoding, done) => done(),
    }),
  }
  return desktop
}

const MiB = 1024 * 1024

test('a viewer that reads nothing holds a bounded part of the desktop’s stream and slows no other', async () => {
  const all = [endlessDesktop(), endlessDesktop()]
  const order = all.values()
  const { url } = await serveViewers(async () => order.next().value!.stream)
  const stuck = await watch(`${url}/job-1`)
  stuck.pause()
  const reading = await watch(`${url}/job-1`)
  let received = 0
  reading.on('message', (data: Buffer) => (received += data.length))
  await expect.poll(() => received, { timeout: 25_000, interval: 10 }).toBeGreaterThan(96 * MiB)
  expect(all[0]!.taken).toBeLessThan(24 * MiB) // what the kernel's socket buffers hold, and 64 KiB
  expect(all[1]!.taken).toBeGreaterThan(96 * MiB)
  stuck.resume()
  const before = all[0]!.taken
  await expect.poll(() => all[0]!.taken, { timeout: 25_000, interval: 10 }).toBeGreaterThan(before + 24 * MiB)
  stuck.terminate()
  reading.terminate()
})

test('a desktop that takes nothing stops the viewer’s sending, and what was sent arrives later', async () => {
  const { open, side } = desktops()
  const { url } = await serveViewers(open)
  const viewer = await watch(`${url}/job-1`)
  const desktop = await side(0)
  const total = 48 * MiB
  const message = Buffer.concat(Array.from({ length: 127 }, () => encodings))
  const count = Math.floor(total / message.length)
  viewer.send(hello)
  for (let sent = 0; sent < count; sent++) viewer.send(message)
  let last = -1
  await expect
    .poll(() => last === (last = viewer.bufferedAmount) && last, { timeout: 25_000, interval: 100 })
    .toBeGreaterThan(total - 24 * MiB) // the rest waits at the viewer and in the kernel
  let received = 0
  desktop.on('data', (chunk: Buffer) => (received += chunk.length))
  await expect
    .poll(() => received, { timeout: 25_000, interval: 10 })
    .toBe(hello.length + count * message.length)
})

test('a half-open viewer is dropped after two missed pongs; one that answers stays', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const { open } = desktops()
  const { url } = await serveViewers(open)
  const halfOpen = await watch(`${url}/job-1`, { autoPong: false })
  const live = await watch(`${url}/job-1`)
  const dropped = closed(halfOpen)
  for (let beat = 1; beat <= 5; beat++) {
    const pings = [once(live, 'ping'), ...(beat <= 2 ? [once(halfOpen, 'ping')] : [])]
    vi.advanceTimersByTime(25_000)
    await Promise.all(pings)
    live.ping() // its answer shows that the server has read the pong before it
    await once(live, 'pong')
    if (beat === 2) expect(halfOpen.readyState).toBe(WebSocket.OPEN)
    if (beat === 3) expect((await dropped)[0]).toBe(1006)
  }
  expect(live.readyState).toBe(WebSocket.OPEN)
})

test('a viewer that floods with pings and reads no pongs is dropped; the others stay', async () => {
  const { open, side } = desktops()
  const { url, port } = await serveViewers(open)
  const flooder = await rawViewer(port)
  flooder.pause()
  const desktop = await side(0)
  const dropped = once(desktop.resume(), 'end')
  const pings = Buffer.concat(Array.from({ length: 10_000 }, () => Buffer.from([0x89, 0x80, 0, 0, 0, 0])))
  const flood = setInterval(() => flooder.write(pings), 1)
  await dropped
  clearInterval(flood)
  await watch(`${url}/job-1`)
})

test('a page that reconnects 100 times leaves nothing behind', async () => {
  const { open, sides } = desktops()
  const counts: number[] = []
  const { url } = await serveViewers(open, (_job, viewers) => counts.push(viewers))
  const steady = await watch(`${url}/job-1`)
  for (let n = 0; n < 100; n++) {
    const viewer = await watch(`${url}/job-1`)
    if (n % 2) viewer.terminate()
    else viewer.close()
  }
  await expect.poll(() => counts.at(-1)).toBe(1)
  expect(counts).toHaveLength(201)
  await expect
    .poll(() => sides.filter((side) => !side.readableEnded && !side.resume().destroyed).length)
    .toBe(1)
  const shown = once(steady, 'message')
  sides[0]!.write('still here')
  expect(String((await shown)[0])).toBe('still here')
})
