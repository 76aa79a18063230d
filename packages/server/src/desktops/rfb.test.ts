import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { handshake, scriptedDesktop, update, type Rectangle } from './fake-desktop.ts'
import { openRfb } from './rfb.ts'

const signal = () => AbortSignal.timeout(1500)

const frameOf = async (...pieces: Buffer[]) => {
  const rfb = await openRfb(scriptedDesktop(pieces).stream, signal())
  return rfb.readFrame()
}

/** Pixels as the wire has them (RGBx), and as they must come out. */
const pixels = (count: number, seed = 1) => {
  const wire = Buffer.from(Array.from({ length: count * 4 }, (_, index) => (index * 7 + seed * 31) % 256))
  const rgba = Buffer.from(wire.map((byte, index) => (index % 4 === 3 ? 255 : byte)))
  return { wire, rgba }
}
const whole = (width: number, height: number, data: Buffer): Rectangle => ({
  x: 0,
  y: 0,
  width,
  height,
  data,
})

test('the handshake gives the size and the name, and answers as RFC 6143 asks', async () => {
  const desktop = scriptedDesktop([handshake({ width: 1280, height: 800, name: 'Vitrine – 1' })], {
    end: false,
  })
  const rfb = await openRfb(desktop.stream, signal())
  expect(rfb).toMatchObject({ width: 1280, height: 800, name: 'Vitrine – 1' })
  void rfb.readFrame().catch(() => {})
  await expect
    .poll(() => desktop.received().toString('hex'))
    .toBe(
      Buffer.from('RFB 003.008\n').toString('hex') +
        '01' + // security type None
        '01' + // shared
        '00000000' +
        '20180001' +
        '00ff00ff00ff' +
        '000810' +
        '000000' + // 32 bits, little-endian, RGBx
        '02000003' +
        '00000000' +
        'ffffff21' +
        'c0a1e5ce' + // Raw, DesktopSize and the extended clipboard
        '0300' +
        '00000000' +
        '05000320', // all of 1280×800, not incremental
    )
  desktop.stream.destroy()
})

test('a frame may come as several rectangles, with bells and clipboards before it', async () => {
  const left = pixels(2, 1)
  const right = pixels(4, 2)
  const cutText = Buffer.from([3, 0, 0, 0, 0, 0, 0, 5, ...Buffer.from('hello')])
  const notify = Buffer.from([3, 0, 0, 0, 255, 255, 255, 252, 8, 0, 0, 1])
  const frame = await frameOf(
    handshake({ width: 3, height: 2 }),
    Buffer.from([2]),
    cutText,
    notify,
    update([
      { x: 0, y: 0, width: 1, height: 2, data: left.wire },
      { x: 1, y: 0, width: 2, height: 2, data: right.wire },
    ]),
  )
  const row = (y: number) => [left.rgba.subarray(y * 4, y * 4 + 4), right.rgba.subarray(y * 8, y * 8 + 8)]
  expect(frame).toEqual({ width: 3, height: 2, rgba: Buffer.concat([...row(0), ...row(1)]) })
})

test('a desktop that changes its size is asked again for the frame in the new size', async () => {
  const { wire, rgba } = pixels(6)
  const frame = await frameOf(
    handshake({ width: 8, height: 8 }),
    update([{ x: 0, y: 0, width: 3, height: 2, encoding: -223 }]),
    update([whole(3, 2, wire)]),
  )
  expect(frame).toEqual({ width: 3, height: 2, rgba })
})

test('however the bytes are cut into chunks, the frame is the same', async () => {
  const bytes = Buffer.concat([
    handshake({ width: 5, height: 3, name: 'é'.repeat(20) }),
    Buffer.from([2]),
    update([whole(5, 2, pixels(10, 1).wire), { x: 0, y: 2, width: 5, height: 1, data: pixels(5, 2).wire }]),
  ])
  const rgba = Buffer.concat([pixels(10, 1).rgba, pixels(5, 2).rgba])
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 40 }), async (cuts) => {
      const at = [0, ...cuts.toSorted((a, b) => a - b), bytes.length]
      const pieces = at.slice(1).map((end, index) => bytes.subarray(at[index], end))
      expect(await frameOf(...pieces)).toEqual({ width: 5, height: 3, rgba })
    }),
    { numRuns: 200 },
  )
})

test('a stream that ends anywhere is an error that tells what was missing', async () => {
  const bytes = Buffer.concat([handshake({ width: 2, height: 2 }), update([whole(2, 2, pixels(4).wire)])])
  for (let end = 0; end < bytes.length; end++)
    await expect(frameOf(bytes.subarray(0, end)), `${end} bytes`).rejects.toThrow(
      /^the stream ended after \d+ of the \d+ bytes of ./,
    )
})

test('whatever a desktop sends, the answer is a frame or an error, never a hang', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.nat(64), async (noise, keep) => {
      const start = handshake({ width: 2, height: 2 }).subarray(0, keep)
      const result = await frameOf(start, Buffer.from(noise)).catch((error: unknown) => error)
      if (!(result instanceof Error)) expect(result).toMatchObject({ rgba: expect.any(Buffer) })
      else expect(result.name).toBe('Error')
    }),
    { numRuns: 300 },
  )
})

const security = (...bytes: number[]) => [Buffer.from('RFB 003.008\n'), Buffer.from(bytes)]
const tiny = handshake({ width: 2, height: 2 })
test.each<[string, Buffer[], string]>([
  [
    'another protocol',
    [Buffer.from('SSH-2.0-OpenSSH_9.9')],
    'the banner is "SSH-2.0-Open" instead of "RFB 003.008\\n"',
  ],
  ['an older version', [Buffer.from('RFB 003.003\n')], 'the banner is "RFB 003.003\\n"'],
  ['a refusal', security(0, 0, 0, 0, 4, ...Buffer.from('full')), 'the desktop refuses: full'],
  ['passwords only', security(2, 2, 19), 'the security types are 2, 19; 1 (None) is not among them'],
  [
    'a failed result',
    security(1, 1, 0, 0, 0, 1, 0, 0, 0, 2, ...Buffer.from('no')),
    'SecurityResult is 1, the desktop refuses: no',
  ],
  ['a reason of 4 GB', security(0, 255, 255, 255, 255), 'the reason is said to be 4294967295 bytes long'],
  ['a desktop without pixels', [handshake({ width: 0, height: 800 })], 'the desktop is said to be 0×800'],
  [
    'a desktop too large',
    [handshake({ width: 65535, height: 65535 })],
    'the desktop is said to be 65535×65535',
  ],
  [
    'a resize too large',
    [tiny, update([{ x: 0, y: 0, width: 9000, height: 1, encoding: -223 }])],
    'the desktop is said to be 9000×1',
  ],
  [
    'a rectangle outside',
    [tiny, update([{ x: 1, y: 1, width: 2, height: 1 }])],
    'rectangle 1 is 2×1 at 1,1, outside the desktop’s 2×2',
  ],
  [
    'an encoding not asked for',
    [tiny, update([{ x: 0, y: 0, width: 2, height: 2, encoding: 7 }])],
    'rectangle 1 has encoding 7',
  ],
  ['an update with too little', [tiny, update([])], 'the update has 0 of the desktop’s 4 pixels'],
  [
    'a clipboard of 2 GB',
    [tiny, Buffer.from([3, 0, 0, 0, 127, 255, 255, 255])],
    'the clipboard is said to be 2147483647 bytes',
  ],
  ['an unknown message', [tiny, Buffer.from([99])], 'message type 99 is none that the desktop may send'],
])('%s is refused by name', async (_name, pieces, message) => {
  await expect(frameOf(...pieces)).rejects.toThrow(message)
})

test('an abort ends the wait for a silent desktop and closes its stream', async () => {
  const abort = new AbortController()
  const desktop = scriptedDesktop([tiny], { end: false })
  const rfb = await openRfb(desktop.stream, abort.signal)
  const frame = rfb.readFrame()
  abort.abort()
  await expect(frame).rejects.toMatchObject({ name: 'AbortError' })
  expect(desktop.stream.destroyed).toBe(true)
})

test('changes come as they are on the wire; a new size, and more pixels than there are, are told', async () => {
  const { wire } = pixels(1)
  const dot = { x: 1, y: 0, width: 1, height: 1, data: wire }
  const size = { x: 0, y: 0, width: 4, height: 4, encoding: -223 }
  const desktop = scriptedDesktop([
    handshake({ width: 2, height: 1 }),
    update([dot]),
    update([]),
    update([size]),
    update(Array.from({ length: 17 }, () => dot)),
  ])
  const rfb = await openRfb(desktop.stream, signal())
  expect(await rfb.readChanges()).toEqual([{ x: 1, y: 0, width: 1, height: 1, rgbx: wire }])
  expect(await rfb.readChanges()).toEqual([])
  expect(await rfb.readChanges()).toBeNull()
  await expect(rfb.readChanges()).rejects.toThrow('more pixels than the desktop')
})
