import { recordsOf } from '@vitrine/sdk/recordings.ts'

const magicBytes = 8
const headerBytes = 16
const [begin, key] = [1, 2]

export type RecordingIndex = {
  /** Milliseconds since 1970. */
  startedAt: number
  /** Milliseconds. */
  duration: number
  keys: { time: number; offset: number }[]
}

/** Looks through a recording that is at hand: when it began, how long it is, and where its key pictures are. */
export async function indexOf(bytes: Uint8Array): Promise<RecordingIndex> {
  const index: RecordingIndex = { startedAt: 0, duration: 0, keys: [] }
  let offset = magicBytes
  for await (const { kind, time, body } of recordsOf(whole(bytes))) {
    if (kind === begin && offset === magicBytes) {
      index.startedAt = new DataView(body.buffer, body.byteOffset).getFloat64(0, true)
    }
    if (kind === key) index.keys.push({ time, offset })
    index.duration = time
    offset += headerBytes + body.length
  }
  return index
}

async function* whole(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
