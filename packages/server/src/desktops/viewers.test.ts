import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { Duplex, duplexPair, Readable } from 'node:stream'
import { VitrineError } from '@vitrine/contract/error.ts'
import { afterEach, expect, test, vi } from 'vitest'
import { WebSocket, type ClientOptions } from 'ws'
import { createControls } from './control.ts'
import { createViewers, type OpenDesktop, type ShareEntry } from './viewers.ts'

const opened: AsyncDisposable[] = []
afterEach(async () => {
  vi.useRealTimers()
  for (const one of opened.splice(0).toReversed()) await one[Symbol.asyncDispose]()
})

/** A server that shows the desktop of the job named by the path. */
async function serveViewers(open: OpenDesktop, onCount?: (job: string, viewers: number) => void) {
  const controls = createControls({ idleMs: 60_000, onChange: () => {}, onInput: () => {} })
  const viewers = createViewers({ open, controls, ...(onCount && { onCount }) })
  const over = new AbortController()
  let share: ShareEntry | null = null
  const server = createServer()
  server.on('upgrade', (request, socket, head) =>
    viewers.accept(request, socket, head, over.signal, {
      job: request.url!.slice(1).split('?')[0]!,
      share,
    }),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  opened.push({ [Symbol.asyncDispose]: async () => void server.close() }, viewers)
  const { port } = server.address() as AddressInfo
  return {
    viewers,
    over,
    port,
    url: `ws://127.0.0.1:${port}`,
    /** Who comes from now on comes by this link. */
    comeBy: (link: ShareEntry) => (share = link),
  }
}

/** What a viewer says first: its version, security type None, ClientInit. */
const hello = Buffer.concat([Buffer.from('RFB 003.008\n'), Buffer.from([1, 1])])
const encodings = Buffer.concat([Buffer.from([2, 0, 4, 0]), Buffer.alloc(4096)])
const key = (keysym: number, down = 1) => Buffer.from([4, down, 0, 0, 0, 0, keysym >> 8, keysym & 255])

/** Pairs of streams: the viewers' side goes to the bridge, the desktop's side to the test. */
function desktops() {
  const sides: Duplex[] = []
  const open: OpenDesktop = async () => {
    const [viewerSide, desktopSide] = duplexPair()
    desktopSide.on('error', () => {})
    sides.push(desktopSide)
    return viewerSide
  }
  const side = async (index: number): Promise<Duplex> => {
    await expect.poll(() => sides[index]).toBeDefined()
    return sides[index]!
  }
  return { open, sides, side }
}

async function watch(url: string, options: ClientOptions = {}): Promise<WebSocket> {
  const webSocket = new WebSocket(url, 'binary', options)
  webSocket.on('error', () => {})
  await once(webSocket, 'open')
  return webSocket
}

const closed = async (webSocket: WebSocket): Promise<[code: number, reason: string]> => {
  const [code, reason] = (await once(webSocket, 'close')) as [number, Buffer]
  return [code, reason.toString()]
}

test('bytes go both ways as they are, in binary messages of the subprotocol "binary"', async () => {
  const { open, side } = desktops()
  const { url } = await serveViewers(open)
  const viewer = await watch(`${url}/job-1`)
  expect(viewer.protocol).toBe('binary')
  const desktop = await side(0)
  const everyByte = Buffer.from(Array.from({ length: 256 }, (_, value) => value))
  const shown = once(viewer, 'message')
  desktop.write(everyByte)
  expect(await shown).toEqual([everyByte, true])
  const said = Buffer.concat([hello, Buffer.from([0, 0, 0, 0]), everyByte.subarray(0, 16)])
  const received: Buffer[] = []
  desktop.on('data', (chunk: Buffer) => received.push(chunk))
  viewer.send(said)
  await expect.poll(() => Buffer.concat(received)).toEqual(said)
})

test('a viewer that offers no subprotocol gets none', async () => {
  const { url } = await serveViewers(desktops().open)
  const viewer = new WebSocket(`${url}/job-1`)
  opened.push({ [Symbol.asyncDispose]: async () => viewer.terminate() })
  await once(viewer, 'open')
  expect(viewer.protocol).toBe('')
  expect(viewer.extensions).toBe('')
})

test('many small pieces and large ones arrive complete and in order', async () => {
  const { open, side } = desktops()
  const { url } = await serveViewers(open)
  const viewer = await watch(`${url}/job-1`)
  const pieces = Array.from({ length: 3000 }, (_, n) => Buffer.alloc(n % 500 === 0 ? 300_000 : n % 40, n))
  const expected = Buffer.concat(pieces)
  const got: Buffer[] = []
  viewer.on('message', (data: Buffer) => got.push(data))
  Readable.from(pieces.filter((piece) => piece.length > 0)).pipe(await side(0))
  await once(viewer, 'close')
  expect(Buffer.concat(got).equals(expected)).toBe(true)
})

test('when the desktop ends the viewer is told so with 1001, after all that was sent', async () => {
  const { open, side } = desktops()
  const { url } = await serveViewers(open)
  const viewer = await watch(`${url}/job-1`)
  const last = once(viewer, 'message')
  ;(await side(0)).end('bye')
  expect(await closed(viewer)).toEqual([1001, 'the desktop closed'])
  expect(String((await last)[0])).toBe('bye')
})

test('when the connection to the desktop breaks the viewer is closed with 1001', async () => {
  const broken = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
  const { url } = await serveViewers(async () => broken)
  const viewer = await watch(`${url}/job-1`)
  broken.destroy(new Error('ECONNRESET'))
  expect(await closed(viewer)).toEqual([1001, 'the connection to the desktop broke'])
})

test.each<[string, unknown, [number, string]]>([
  [
    'unavailable',
    new VitrineError('unavailable', 'The sandbox is starting.'),
    [1013, 'The sandbox is starting.'],
  ],
  ['not there', new VitrineError('not_found', 'There is no such job.'), [1011, 'There is no such job.']],
  ['broken inside', new Error('secret /var/lib'), [1011, 'the desktop could not be opened']],
  ['late', new DOMException('late', 'TimeoutError'), [1013, 'the desktop did not open within 5 s']],
  ['talkative', new VitrineError('conflict', 'é'.repeat(200)), [1013, 'é'.repeat(61)]],
])('a desktop that is %s closes the viewer with a readable reason', async (_name, error, expected) => {
  const { url } = await serveViewers(() => Promise.reject(error))
  expect(await closed(await watch(`${url}/job-1`))).toEqual(expected)
})

test('a viewer that leaves closes its stream, also while the desktop is being opened', async () => {
  const { open, side } = desktops()
  const { url } = await serveViewers(open)
  const viewer = await watch(`${url}/job-1`)
  const desktop = await side(0)
  desktop.resume()
  viewer.terminate()
  await once(desktop, 'end').catch(() => {})

  const slow = Promise.withResolvers<Duplex>()
  const aborted = Promise.withResolvers<void>()
  const slowServer = await serveViewers((_job, signal) => {
    signal.addEventListener('abort', () => aborted.resolve())
    return slow.promise
  })
  const impatient = await watch(`${slowServer.url}/job-1`)
  impatient.close()
  await aborted.promise
  const late = new Duplex({ read() {} })
  slow.resolve(late)
  await once(late, 'close')
})

test('a text frame closes the viewer with 1003, and nothing of it reaches the desktop', async () => {
  const { open, side } = desktops()
  const { url } = await serveViewers(open)
  const viewer = await watch(`${url}/job-1`)
  const desktop = await side(0)
  const received: Buffer[] = []
  desktop.on('data', (chunk: Buffer) => received.push(chunk))
  viewer.send('hello')
  viewer.send(Buffer.from('after'))
  expect((await closed(viewer))[0]).toBe(1003)
  expect(received).toEqual([])
})

test('a viewer that speaks before the desktop does is closed with 1003', async () => {
  const { url } = await serveViewers(() => new Promise(() => {}))
  const viewer = await watch(`${url}/job-1`)
  viewer.send(Buffer.from('RFB 003.008\n'))
  expect(await closed(viewer)).toEqual([1003, 'the desktop speaks first (RFC 6143, 7.1)'])
})

/** A viewer without a WebSocket library, so that frames may lie. Resolves once it was upgraded. */
async function rawViewer(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  opened.push({ [Symbol.asyncDispose]: async () => void socket.destroy() })
  socket.on('error', () => {})
  socket.write(
    'GET /job-1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  )
  await once(socket, 'data')
  return socket
}

test('a frame that announces 1 GB closes the viewer with 1009 before it is read', async () => {
  const { open, sides } = desktops()
  const { port } = await serveViewers(open)
  const socket = await rawViewer(port)
  await expect.poll(() => sides.length).toBe(1)
  const answer = once(socket, 'data')
  socket.write(Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, 1, 2, 3, 4]))
  const [frame] = (await answer) as [Buffer]
  expect(frame[0]).toBe(0x88)
  expect(frame.readUInt16BE(2)).toBe(1009)
})

test('an upgrade that is not WebSocket is refused and the process lives', async () => {
  const { port, url } = await serveViewers(desktops().open)
  const socket = connect(port, '127.0.0.1')
  socket.write('GET /job-1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n')
  const [answer] = (await once(socket, 'data')) as [Buffer]
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 (400|426) /)
  socket.destroy()
  await watch(`${url}/job-1`)
})

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

test('viewers are counted for each job', async () => {
  const told: [string, number][] = []
  const { url } = await serveViewers(desktops().open, (job, viewers) => told.push([job, viewers]))
  const first = await watch(`${url}/job-1`)
  await watch(`${url}/job-2`)
  first.close()
  await expect
    .poll(() => told)
    .toEqual([
      ['job-1', 1],
      ['job-2', 1],
      ['job-1', 0],
    ])
})

test('stopping tells every viewer why, and ends also with one that does not answer', async () => {
  const { open } = desktops()
  const { url, port, viewers } = await serveViewers(open)
  const viewer = await watch(`${url}/job-1`)
  const mute = await rawViewer(port)
  mute.pause()
  const told = closed(viewer)
  await viewers[Symbol.asyncDispose]()
  expect(await told).toEqual([1001, 'the server stops'])
})

test('a viewer that does not speak RFB is closed with the reason, and nothing of it reaches the desktop', async () => {
  const { open, side } = desktops()
  const { url } = await serveViewers(open)
  const received: Buffer[] = []
  const viewer = await watch(`${url}/job-1`)
  ;(await side(0)).on('data', (chunk: Buffer) => received.push(chunk))
  viewer.send(hello)
  viewer.send(Buffer.from([77, 1, 2, 3]))
  viewer.send(key(65))
  expect(await closed(viewer)).toEqual([1003, 'message type 77 is not known here'])
  expect(Buffer.concat(received)).toEqual(hello)
})

test('only who drives types: the first who presses a key does, the others’ input is dropped', async () => {
  const { open, side } = desktops()
  const { url } = await serveViewers(open)
  const [first, second] = [await watch(`${url}/job-1?viewer=the-first`), await watch(`${url}/job-1`)]
  const took: Buffer[][] = [[], []]
  for (const index of [0, 1]) (await side(index)).on('data', (chunk: Buffer) => took[index]!.push(chunk))
  const overIt = Buffer.from([5, 0, 0, 1, 0, 1])
  const click = Buffer.from([5, 1, 0, 1, 0, 1])
  const paste = Buffer.from([6, 0, 0, 0, 0, 0, 0, 1, 65])
  const resize = Buffer.concat([Buffer.from([251, 0, 5, 0, 3, 0, 1, 0]), Buffer.alloc(16)])
  // Nobody drives: neither a mouse that passes over the desktop, nor a window's size takes the lease.
  first.send(Buffer.concat([hello, overIt, paste, resize, encodings, key(65)]))
  await expect.poll(() => Buffer.concat(took[0]!)).toEqual(Buffer.concat([hello, encodings, key(65)]))
  second.send(Buffer.concat([hello, key(66), click, overIt, paste, resize, encodings]))
  await expect.poll(() => Buffer.concat(took[1]!)).toEqual(Buffer.concat([hello, encodings]))
  first.send(Buffer.concat([overIt, paste, resize]))
  const all = Buffer.concat([hello, encodings, key(65), overIt, paste, resize])
  await expect.poll(() => Buffer.concat(took[0]!)).toEqual(all)
})

test('a lease ends with its connection, and the next who presses a key drives', async () => {
  const { open, side } = desktops()
  const { url } = await serveViewers(open)
  const first = await watch(`${url}/job-1`)
  const second = await watch(`${url}/job-1`)
  const took: Buffer[] = []
  ;(await side(1)).on('data', (chunk: Buffer) => took.push(chunk))
  first.send(Buffer.concat([hello, key(65)]))
  const desktop = await side(0)
  desktop.resume()
  await once(desktop, 'data')
  first.terminate()
  await once(desktop, 'end').catch(() => {})
  second.send(Buffer.concat([hello, key(66)]))
  await expect.poll(() => Buffer.concat(took)).toEqual(Buffer.concat([hello, key(66)]))
})

test('who came to watch only does not drive by typing', async () => {
  const { open, side } = desktops()
  const { url } = await serveViewers(open)
  const viewer = await watch(`${url}/job-1?view_only=1`)
  const took: Buffer[] = []
  ;(await side(0)).on('data', (chunk: Buffer) => took.push(chunk))
  viewer.send(Buffer.concat([hello, key(65), encodings]))
  await expect.poll(() => Buffer.concat(took)).toEqual(Buffer.concat([hello, encodings]))
})

test('a guest sees the desktop until the link is over, and types only by one to drive', async () => {
  const { open, side } = desktops()
  const { url, comeBy, viewers, over } = await serveViewers(open)
  comeBy({ id: 'shr-1', mayDrive: false })
  const watching = await watch(`${url}/job-1`)
  const took: Buffer[] = []
  ;(await side(0)).on('data', (chunk: Buffer) => took.push(chunk))
  watching.send(Buffer.concat([hello, key(65), encodings]))
  await expect.poll(() => Buffer.concat(took)).toEqual(Buffer.concat([hello, encodings]))
  expect(viewers.guests('shr-1')).toBe(1)
  const told = closed(watching)
  over.abort('the share link has ended')
  expect(await told).toEqual([1008, 'the share link has ended'])
  await expect.poll(() => viewers.guests('shr-1')).toBe(0)
})
