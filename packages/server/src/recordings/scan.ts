import { open, type FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { headerBytes, readHeader, recordingMagic, recordKind } from '@vitrine/contract/recording.ts'

/** A stretch of a recording without a gap. Times are milliseconds since the recording began, `at` is the wall clock. */
export type Segment = { at: number; from: number; to: number }

/** What a recording's file holds, up to its last whole record. */
export type Scan = {
  /** Where the next record goes. */
  end: number
  time: number
  segments: readonly Segment[]
  /** Key pictures: at which time, and at which byte. */
  keys: readonly { time: number; offset: number }[]
}

const readAtOnce = 1024 * 1024
const scansKept = 64

/** Scans recordings; a file that was scanned before is read from where it ended then. Null where there is no file. */
export function createScanner(): (path: string) => Promise<Scan | null> {
  const scans = new Map<string, Scan>()
  return async (path) => {
    const handle = await open(path, 'r').catch(nullIfMissing)
    if (!handle) {
      scans.delete(path)
      return null
    }
    await using file = handle
    const { size } = await file.stat()
    const known = scans.get(path)
    const scan = await scanFrom(file, known && known.end <= size ? known : nothing)
    scans.delete(path)
    scans.set(path, scan)
    for (const oldest of scans.keys()) if (scans.size > scansKept) scans.delete(oldest)
    return scan
  }
}

const nothing: Scan = { end: 0, time: 0, segments: [], keys: [] }

async function scanFrom(file: FileHandle, known: Scan): Promise<Scan> {
  const read = reader(file)
  let { end, time } = known
  const segments = known.segments.map((segment) => ({ ...segment }))
  const keys = [...known.keys]
  if (end === 0) {
    const magic = await read(0, recordingMagic.length)
    if (magic?.toString('latin1') !== recordingMagic) return nothing
    end = recordingMagic.length
  }
  for (;;) {
    const header = await read(end, headerBytes).then((bytes) => bytes && readHeader(bytes, 0))
    const record = header && (await read(end, headerBytes + header.length))
    if (!record || crc32(record.subarray(8)) !== header.checksum) return { end, time, segments, keys }
    time = header.time
    if (header.kind === recordKind.begin) {
      segments.push({ at: record.readDoubleLE(headerBytes), from: time, to: time })
    }
    if (header.kind === recordKind.key) keys.push({ time, offset: end })
    segments.at(-1)!.to = time
    end += record.length
  }
}

/** Reads so many bytes at a place, most often from what was read before; null where the file ends within them. */
function reader(file: FileHandle): (at: number, length: number) => Promise<Buffer | null> {
  let held = Buffer.alloc(0)
  let start = 0
  return async (at, length) => {
    if (at < start || at + length > start + held.length) {
      const target = Buffer.allocUnsafe(Math.max(length, readAtOnce))
      const { bytesRead } = await file.read(target, 0, target.length, at)
      held = target.subarray(0, bytesRead)
      start = at
    }
    return at + length <= start + held.length ? held.subarray(at - start, at - start + length) : null
  }
}

export function nullIfMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null
  throw error
}
