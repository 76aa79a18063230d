import { once } from 'node:events'
import { connect } from 'node:net'
import { Duplex, Readable } from 'node:stream'
import { VitrineError } from '@vitrine/contract/error.ts'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { closed, desktops, hello, rawViewer, serveViewers, watch } from './testing/serve-viewers.ts'

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
  onTestFinished(() => viewer.terminate())
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
