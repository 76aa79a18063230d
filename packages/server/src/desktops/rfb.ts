import { addAbortSignal, type Duplex } from 'node:stream'
import { createByteReader, type ByteReader } from './byte-reader.ts'

/** A picture: 4 bytes a pixel, rows from the top, alpha always 255. */
export type Frame = { width: number; height: number; rgba: Buffer }

/** A part of the desktop as the wire has it: rows from the top, 4 bytes a pixel, RGB and one that means nothing. */
export type Change = { x: number; y: number; width: number; height: number; rgbx: Buffer }

export type Rfb = {
  width: number
  height: number
  name: string
  /** Asks for the whole desktop and waits for it; one call at a time. Its size may be another than before. */
  readFrame(): Promise<Frame>
  /**
   * Waits for what has changed since the last update, however long that takes; null where the size did, and a new frame is
   * due. Shares the turn with `readFrame`.
   */
  readChanges(): Promise<Change[] | null>
}

const maxSide = 8192
const maxPixels = 3840 * 2160
const maxTextBytes = 64 * 1024
const maxClipboardBytes = 1024 * 1024

const banner = 'RFB 003.008\n'
const security = { none: 1 } as const
const clientMessage = { setPixelFormat: 0, setEncodings: 2, updateRequest: 3 } as const
const serverMessage = { update: 0, bell: 2, cutText: 3 } as const
/** Whoever knows the extended clipboard is told that something was copied, and not sent it. */
const encoding = { raw: 0, desktopSize: -223, extendedClipboard: 0xc0a1e5ce | 0 } as const

/**
 * A viewer of pictures only: makes RFB 3.8's handshake (RFC 6143, 7.1 to 7.3, security type None) on `desktop`, shared with
 * other viewers. Data that is not what the RFC asks for, or is larger than a desktop can be, throws an error that names it.
 * When `signal` aborts, `desktop` is destroyed; otherwise it stays the caller's.
 */
export async function openRfb(desktop: Duplex, signal: AbortSignal): Promise<Rfb> {
  desktop.on('error', () => {}) // a failed write shows as a failed read
  addAbortSignal(signal, desktop)
  const reader = createByteReader(desktop)

  await agreeOnVersion(reader, desktop)
  await agreeOnSecurity(reader, desktop)
  desktop.write(Uint8Array.of(1)) // ClientInit: shared
  const init = await reader.read(24, 'ServerInit')
  let size = desktopSize(init.readUInt16BE(0), init.readUInt16BE(2))
  const name = await readText(reader, init.readUInt32BE(20), 'the desktop’s name')
  desktop.write(setPixelFormat())
  desktop.write(setEncodings(Object.values(encoding)))

  return {
    ...size,
    name,
    async readFrame() {
      for (;;) {
        desktop.write(updateRequest(size, { incremental: false }))
        const rgba = Buffer.alloc(size.width * size.height * 4)
        const { resized, pixels } = await readUpdate(reader, size, (area) =>
          readRaw(reader, { ...size, rgba }, area),
        )
        if (resized) size = resized
        else if (pixels >= size.width * size.height) return { ...size, rgba }
        else throw new Error(`the update has ${pixels} of the desktop’s ${size.width * size.height} pixels`)
      }
    },
    async readChanges() {
      desktop.write(updateRequest(size, { incremental: true }))
      const changes: Change[] = []
      let left = size.width * size.height
      const { resized } = await readUpdate(reader, size, async (area) => {
        left -= area.width * area.height
        if (left < 0) throw new Error('the update has more pixels than the desktop')
        const rgbx = await reader.read(area.width * area.height * 4, 'a rectangle’s pixels')
        changes.push({ ...area, rgbx })
      })
      if (resized) size = resized
      return resized ? null : changes
    },
  }
}

async function agreeOnVersion(reader: ByteReader, desktop: Duplex): Promise<void> {
  const found = (await reader.read(banner.length, 'the banner')).toString('latin1')
  if (found !== banner)
    throw new Error(`the banner is ${JSON.stringify(found)} instead of ${JSON.stringify(banner)}`)
  desktop.write(banner)
}

async function agreeOnSecurity(reader: ByteReader, desktop: Duplex): Promise<void> {
  const count = (await reader.read(1, 'the number of security types')).readUInt8()
  if (count === 0) throw new Error(`the desktop refuses: ${await readReason(reader)}`)
  const types = await reader.read(count, 'the security types')
  if (!types.includes(security.none))
    throw new Error(`the security types are ${types.join(', ')}; ${security.none} (None) is not among them`)
  desktop.write(Uint8Array.of(security.none))
  const result = (await reader.read(4, 'SecurityResult')).readUInt32BE()
  if (result !== 0)
    throw new Error(`SecurityResult is ${result}, the desktop refuses: ${await readReason(reader)}`)
}

async function readReason(reader: ByteReader): Promise<string> {
  const length = (await reader.read(4, 'the reason’s length')).readUInt32BE()
  return readText(reader, length, 'the reason')
}

async function readText(reader: ByteReader, length: number, what: string): Promise<string> {
  if (length > maxTextBytes)
    throw new Error(`${what} is said to be ${length} bytes long; at most ${maxTextBytes} are taken`)
  return (await reader.read(length, what)).toString('utf8')
}

type Size = { width: number; height: number }

function desktopSize(width: number, height: number): Size {
  if (width < 1 || height < 1 || width > maxSide || height > maxSide || width * height > maxPixels)
    throw new Error(`the desktop is said to be ${width}×${height}; at most ${maxPixels} pixels are taken`)
  return { width, height }
}

type Area = Size & { x: number; y: number }
type Update = { resized: Size | null; pixels: number }

/** Reads messages up to one FramebufferUpdate, whose pixels `take` reads; how many there were, and the new size if it changed. */
async function readUpdate(
  reader: ByteReader,
  size: Size,
  take: (area: Area) => Promise<void>,
): Promise<Update> {
  for (;;) {
    const type = (await reader.read(1, 'a message’s type')).readUInt8()
    if (type === serverMessage.update) return readRectangles(reader, size, take)
    if (type === serverMessage.cutText) await skipCutText(reader)
    else if (type !== serverMessage.bell)
      throw new Error(`message type ${type} is none that the desktop may send`)
  }
}

async function readRectangles(
  reader: ByteReader,
  size: Size,
  take: (area: Area) => Promise<void>,
): Promise<Update> {
  const count = (await reader.read(3, 'FramebufferUpdate')).readUInt16BE(1)
  let resized: Size | null = null
  let pixels = 0
  for (let n = 1; n <= count; n++) {
    const header = await reader.read(12, `the header of rectangle ${n} of ${count}`)
    const [x, y] = [header.readUInt16BE(0), header.readUInt16BE(2)]
    const [width, height] = [header.readUInt16BE(4), header.readUInt16BE(6)]
    const kind = header.readInt32BE(8)
    if (kind === encoding.desktopSize) resized = desktopSize(width, height)
    else if (kind === encoding.raw) {
      if (x + width > size.width || y + height > size.height)
        throw new Error(
          `rectangle ${n} is ${width}×${height} at ${x},${y}, outside the desktop’s ${size.width}×${size.height}`,
        )
      await take({ x, y, width, height })
      pixels += width * height
    } else throw new Error(`rectangle ${n} has encoding ${kind}, which was not asked for`)
  }
  return { resized, pixels }
}

async function readRaw(reader: ByteReader, frame: Frame, { x, y, width, height }: Area): Promise<void> {
  const stride = frame.width * 4
  const first = y * stride + x * 4
  const rows = width === frame.width ? 1 : height // full rows lie together
  const rowBytes = rows === 1 ? width * height * 4 : width * 4
  for (let row = 0; row < rows; row++) {
    const start = first + row * stride
    const target = frame.rgba.subarray(start, start + rowBytes)
    await reader.fill(target, 'a rectangle’s pixels')
    for (let alpha = 3; alpha < target.length; alpha += 4) target[alpha] = 255
  }
}

async function skipCutText(reader: ByteReader): Promise<void> {
  // A negative length is that of a message of the extended clipboard.
  const length = Math.abs((await reader.read(7, 'ServerCutText')).readInt32BE(3))
  if (length > maxClipboardBytes)
    throw new Error(`the clipboard is said to be ${length} bytes; at most ${maxClipboardBytes} are taken`)
  await reader.read(length, 'the clipboard')
}

/** RFC 6143, 7.5.1: 32 bits, true colour, little-endian, red in the first byte, so that pixels arrive as RGBx. */
function setPixelFormat(): Buffer {
  const message = Buffer.alloc(20)
  message.writeUInt8(clientMessage.setPixelFormat, 0)
  message.set([32, 24, 0, 1], 4) // bits per pixel, depth, big-endian, true colour
  for (const offset of [8, 10, 12]) message.writeUInt16BE(255, offset)
  message.set([0, 8, 16], 14) // shifts of red, green, blue
  return message
}

/** RFC 6143, 7.5.2. */
function setEncodings(encodings: number[]): Buffer {
  const message = Buffer.alloc(4 + 4 * encodings.length)
  message.writeUInt8(clientMessage.setEncodings, 0)
  message.writeUInt16BE(encodings.length, 2)
  encodings.forEach((one, index) => message.writeInt32BE(one, 4 + 4 * index))
  return message
}

/** RFC 6143, 7.5.3: the whole desktop now, or only what changes, once something does. */
function updateRequest({ width, height }: Size, { incremental }: { incremental: boolean }): Buffer {
  const message = Buffer.alloc(10)
  message.writeUInt8(clientMessage.updateRequest, 0)
  message.writeUInt8(Number(incremental), 1)
  message.writeUInt16BE(width, 6)
  message.writeUInt16BE(height, 8)
  return message
}
