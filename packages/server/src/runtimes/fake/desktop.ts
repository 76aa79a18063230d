import type { Duplex } from 'node:stream'
import { taker, type Take } from './take.ts'

/** A desktop of one colour, which every pressed key changes. */
export type FakeDesktop = {
  /** The key, pointer and clipboard messages (RFC 6143, 7.5.4 to 7.5.6) that viewers sent, whole, in order. */
  readonly inputs: readonly Buffer[]
  /** Speaks RFB 3.8 as a server without authentication, until the stream ends. */
  serve: (stream: Duplex) => Promise<void>
}

const width = 320
const height = 200
const colours = [
  { red: 0x1f, green: 0x4e, blue: 0x79 },
  { red: 0x79, green: 0x4e, blue: 0x1f },
] as const

export function fakeDesktop(): FakeDesktop {
  const inputs: Buffer[] = []
  return { inputs, serve: (stream) => serveRfb(stream, inputs) }
}

async function serveRfb(stream: Duplex, inputs: Buffer[]): Promise<void> {
  const take = taker(stream)
  stream.write('RFB 003.008\n')
  if ((await take(12))?.toString('latin1') !== 'RFB 003.008\n') return void stream.destroy()
  stream.write(Buffer.from([1, 1])) // one security type: None
  await take(1)
  stream.write(Buffer.alloc(4)) // SecurityResult: OK
  await take(1) // ClientInit
  stream.write(serverInit())
  await serveMessages(stream, take, inputs)
}

/** The lengths of the client's messages, by type: the fixed part, and how much follows it. */
const messages: Record<number, { fixed: number; rest: (fixed: Buffer) => number; input: boolean }> = {
  0: { fixed: 19, rest: () => 0, input: false },
  2: { fixed: 3, rest: (fixed) => 4 * fixed.readUInt16BE(1), input: false },
  3: { fixed: 9, rest: () => 0, input: false },
  4: { fixed: 7, rest: () => 0, input: true },
  5: { fixed: 5, rest: () => 0, input: true },
  6: { fixed: 7, rest: (fixed) => fixed.readUInt32BE(3), input: true },
}

async function serveMessages(stream: Duplex, take: Take, inputs: Buffer[]): Promise<void> {
  let format: Buffer = trueColour
  let pressed = 0
  let drawn = -1
  let asked = false
  for (;;) {
    const type = (await take(1))?.[0]
    const message = messages[type ?? -1]
    const fixed = message && (await take(message.fixed))
    const rest = message && fixed && (await take(message.rest(fixed)))
    if (type === undefined || !rest) return void stream.destroy()

    if (message.input) inputs.push(Buffer.concat([Buffer.from([type]), fixed, rest]))
    if (type === 0) format = fixed.subarray(3)
    if (type === 4 && fixed[0] === 1) pressed += 1
    if (type === 3) asked = true
    const whole = type === 3 && fixed[0] === 0
    // An incremental request waits until something changes (RFC 6143, 7.5.3).
    if (asked && (whole || drawn !== pressed)) {
      stream.write(update(format, pressed))
      drawn = pressed
      asked = false
    }
  }
}

/** PIXEL_FORMAT (RFC 6143, 7.4): 32 bits, depth 24, little-endian, true colour, 8 bits each at 16, 8, 0. */
const trueColour = Buffer.from([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0])

function serverInit(): Buffer {
  const name = 'Vitrine'
  const size = Buffer.alloc(4)
  size.writeUInt16BE(width, 0)
  size.writeUInt16BE(height, 2)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(name.length)
  return Buffer.concat([size, trueColour, length, Buffer.from(name)])
}

/** A FramebufferUpdate with one raw rectangle that fills the screen. */
function update(format: Buffer, pressed: number): Buffer {
  const head = Buffer.alloc(16)
  head.writeUInt16BE(1, 2)
  head.writeUInt16BE(width, 8)
  head.writeUInt16BE(height, 10)
  const colour = pressed % 2 === 0 ? colours[0] : colours[1]
  return Buffer.concat([
    head,
    Buffer.alloc((width * height * format.readUInt8(0)) / 8, pixel(format, colour)),
  ])
}

function pixel(format: Buffer, colour: (typeof colours)[number]): Buffer {
  const part = (value: number, max: number, shift: number) =>
    Math.round((value * format.readUInt16BE(max)) / 255) * 2 ** format.readUInt8(shift)
  const value = part(colour.red, 4, 10) + part(colour.green, 6, 11) + part(colour.blue, 8, 12)
  const bytes = Buffer.alloc(format.readUInt8(0) / 8)
  if (format.readUInt8(2) === 0) bytes.writeUIntLE(value, 0, bytes.length)
  else bytes.writeUIntBE(value, 0, bytes.length)
  return bytes
}
