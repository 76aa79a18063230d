import { headerBytes, readRecords, recordingMagic, recordKind } from '@vitrine/contract/recording.ts'

export type RecordingIndex = {
  /** Milliseconds since 1970. */
  startedAt: number
  /** Milliseconds. */
  duration: number
  /** The key pictures: at which time, and at which byte. */
  keys: { time: number; offset: number }[]
}

/** Looks through a recording that is at hand: when it began, how long it is, and where one can begin to play it. */
export async function indexRecording(bytes: Uint8Array): Promise<RecordingIndex> {
  const index: RecordingIndex = { startedAt: 0, duration: 0, keys: [] }
  let offset = recordingMagic.length
  for await (const { kind, time, body } of readRecords(whole(bytes))) {
    if (kind === recordKind.begin && offset === recordingMagic.length) {
      index.startedAt = new DataView(body.buffer, body.byteOffset).getFloat64(0, true)
    }
    if (kind === recordKind.key) index.keys.push({ time, offset })
    index.duration = time
    offset += headerBytes + body.length
  }
  return index
}

async function* whole(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
