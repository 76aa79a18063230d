import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { encodeRecord, recordingMagic, recordKind, type RecordKind } from '@vitrine/contract/recording.ts'
import { now } from '../clock.ts'
import type { Scan } from './scan.ts'

export type RecordingFile = AsyncDisposable & {
  /** Appends a record of this moment. */
  append(kind: RecordKind, body: Uint8Array<ArrayBuffer>): Promise<void>
}

/**
 * Opens a recording to go on with it, behind its last whole record: what a crash left of another one is cut off. Begins a
 * segment; disposing ends it.
 */
export async function openRecordingFile(path: string, scan: Scan | null): Promise<RecordingFile> {
  await using stack = new AsyncDisposableStack()
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const file = stack.use(await open(path, 'a', 0o600))
  await file.truncate(scan?.end ?? 0)
  if (!scan || scan.end === 0) await file.appendFile(recordingMagic)
  const openedAt = now()
  const startedAt = scan?.segments[0]?.at ?? openedAt
  // Since then somebody may have moved the clock back.
  const from = Math.max(scan?.time ?? 0, openedAt - startedAt)

  async function append(kind: RecordKind, body: Uint8Array<ArrayBuffer>): Promise<void> {
    const time = from + now() - openedAt
    await file.appendFile(encodeRecord({ kind, time, body }))
  }

  const wallClock = new Uint8Array(8)
  new DataView(wallClock.buffer).setFloat64(0, Math.max(startedAt, openedAt), true)
  await append(recordKind.begin, wallClock)
  stack.defer(() => append(recordKind.end, new Uint8Array(0)))
  const whole = stack.move()
  return { append, [Symbol.asyncDispose]: () => whole.disposeAsync() }
}
