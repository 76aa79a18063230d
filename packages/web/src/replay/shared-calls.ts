import type { SharedRecording } from '@vitrine/sdk/shares.ts'
import { recordsOf } from '@vitrine/sdk/recordings.ts'
import type { Source } from './playback.ts'

/** The server knows no such link, or no longer. */
export class SharedGoneError extends Error {
  override name = 'SharedGoneError'
}

/** The recording of this page’s own address, which no session opens. */
export async function readShared(signal: AbortSignal): Promise<SharedRecording> {
  return (await (await ask('recording', signal)).json()) as SharedRecording
}

export const readSharedRecords: Source['read'] = async function* (from, signal) {
  const { body } = await ask(`recording/records?from=${Math.floor(from)}`, signal)
  if (body) yield* recordsOf(body)
}

async function ask(path: string, signal: AbortSignal): Promise<Response> {
  const response = await fetch(path, { signal })
  if (response.ok) return response
  if (response.status === 404) throw new SharedGoneError('This link or its recording is good no longer.')
  throw new Error(`The server answered with ${response.status}.`)
}
