/**
 * A recording of a desktop: a file that only ever grows, eight bytes `VITRREC1` and then records, all numbers little-endian:
 *
 *     0  u32  length of the body
 *     4  u32  CRC-32 (as in zip, ISO 3309) of all that follows
 *     8  u8   kind: 1 begin, 2 key, 3 change, 4 end
 *     9  u8   0
 *    10  u48  time: milliseconds since the recording's first record; never less than that of the record before
 *    16  body
 *
 * `begin` starts a segment (the desktop went live, or the server came back to it): f64 the wall clock, milliseconds since
 * 1970. `key` is the whole picture: u16 width, u16 height, pixels. `change` is what became different in it: u16 count, count ×
 * (u16 x, y, width, height), the pixels of all rectangles one after the other. `end` closes a segment and has no body.
 *
 * Pixels are rows from the top, four bytes each (red, green, blue, anything), compressed by raw deflate (RFC 1951), each
 * record by itself: one can begin at any key, and whatever was cut off by a crash plays up to its last whole record.
 */
export const recordingMagic = 'VITRREC1'
export const recordingMedia = 'application/vnd.vitrine.recording'
export const headerBytes = 16
/** Larger than any record that a desktop of 3840×2160 can make. */
const maxBodyBytes = 40 * 1024 * 1024

export const recordKind = { begin: 1, key: 2, change: 3, end: 4 } as const
export type RecordKind = (typeof recordKind)[keyof typeof recordKind]
const kinds = new Set<number>(Object.values(recordKind))

export type RecordHeader = { length: number; checksum: number; kind: RecordKind; time: number }
export type RecordingEntry = { kind: RecordKind; time: number; body: Uint8Array<ArrayBuffer> }

/** The header at `at`; null where there is none, because the bytes end or are something else. */
export function readHeader(bytes: Uint8Array, at: number): RecordHeader | null {
  if (at + headerBytes > bytes.length) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, headerBytes)
  const kind = view.getUint8(8)
  const length = view.getUint32(0, true)
  if (!kinds.has(kind) || view.getUint8(9) !== 0 || length > maxBodyBytes) return null
  const time = view.getUint32(10, true) + view.getUint16(14, true) * 2 ** 32
  return { length, checksum: view.getUint32(4, true), kind: kind as RecordKind, time }
}

/** One record as the file has it. */
export function encodeRecord({ kind, time, body }: RecordingEntry): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(headerBytes + body.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, body.length, true)
  view.setUint8(8, kind)
  view.setUint32(10, time % 2 ** 32, true)
  view.setUint16(14, Math.floor(time / 2 ** 32), true)
  bytes.set(body, headerBytes)
  view.setUint32(4, crc32(bytes.subarray(8)), true)
  return bytes
}

/**
 * The records of a recording, or of a part of one that begins with the magic, however it was cut into chunks. Ends quietly at
 * the first record that is not whole. Throws where the bytes are no recording at all.
 */
export async function* readRecords(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<RecordingEntry> {
  let held = new Uint8Array(0)
  let isBegun = false
  for await (const chunk of chunks) {
    held = held.length === 0 ? new Uint8Array(chunk) : joined(held, chunk)
    let at = 0
    if (!isBegun) {
      if (held.length < recordingMagic.length) continue
      if (new TextDecoder('latin1').decode(held.subarray(0, recordingMagic.length)) !== recordingMagic) {
        throw new Error(`This is no recording: it does not begin with ${recordingMagic}.`)
      }
      isBegun = true
      at = recordingMagic.length
    }
    while (at + headerBytes <= held.length) {
      const header = readHeader(held, at)
      if (!header) return
      const end = at + headerBytes + header.length
      if (end > held.length) break
      if (crc32(held.subarray(at + 8, end)) !== header.checksum) return
      yield { kind: header.kind, time: header.time, body: held.slice(at + headerBytes, end) }
      at = end
    }
    held = held.subarray(at)
  }
}

function joined(before: Uint8Array, after: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(before.length + after.length)
  both.set(before)
  both.set(after, before.length)
  return both
}

let table: Uint32Array | undefined

function crc32(bytes: Uint8Array): number {
  table ??= Uint32Array.from({ length: 256 }, (_, byte) => {
    for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? (byte >>> 1) ^ 0xedb88320 : byte >>> 1
    return byte
  })
  let sum = 0xffffffff
  for (let at = 0; at < bytes.length; at++) sum = table[(sum ^ bytes[at]!) & 0xff]! ^ (sum >>> 8)
  return ~sum >>> 0
}
