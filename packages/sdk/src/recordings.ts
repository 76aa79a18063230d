import { createRecordedScreen, type RecordedScreen } from '@vitrine/contract/recorded-screen.ts'
import { readRecords, type RecordingEntry } from '@vitrine/contract/recording.ts'
import type { Recording } from '@vitrine/contract/routes/recordings.ts'
import type { Options, Transport } from './transport.ts'

/** The recordings of a job's desktops. */
export class Recordings {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** One for each run that has any, the first run first. */
  async list(job: string, { signal }: Options = {}): Promise<Recording[]> {
    const operation = 'GET /jobs/{id}/recordings'
    return (await this.#transport.json(operation, { params: { id: job }, signal })).recordings
  }

  /**
   * The records of a run, from the last key picture at or before `from` (milliseconds since the recording began). A recording
   * that a crash cut off, and one that still grows, ends with its last whole record.
   */
  async *read(
    job: string,
    run: number,
    { from = 0, signal }: Options & { from?: number } = {},
  ): AsyncGenerator<RecordingEntry, void, undefined> {
    const response = await this.#transport.send('GET /jobs/{id}/recordings/{run}', {
      params: { id: job, run: String(run) },
      query: { from: Math.floor(from) },
      accept: '*/*',
      signal,
    })
    if (response.body) yield* recordsOf(response.body)
  }

  /** The recording as one page that plays it without the server; see `files.read` for what is returned. */
  page(job: string, run: number, options: Options = {}): Promise<Response> {
    return this.#download('GET /jobs/{id}/recordings/{run}/replay.html', job, run, options)
  }

  /** The recording as a WebM video; `unavailable` where the server has no ffmpeg. See `files.read` for what is returned. */
  video(job: string, run: number, options: Options = {}): Promise<Response> {
    return this.#download('GET /jobs/{id}/recordings/{run}/replay.webm', job, run, options)
  }

  #download(
    operation: Parameters<Transport['send']>[0],
    job: string,
    run: number,
    { signal }: Options,
  ): Promise<Response> {
    return this.#transport.send(operation, { params: { id: job, run: String(run) }, accept: '*/*', signal })
  }
}

/** What a recording showed: apply its records one after the other, from a key picture on. */
export const recordedScreen = (): RecordedScreen => createRecordedScreen()

/** The records of a recording that is at hand, such as one that was saved, or that comes as the body of an answer. */
export const recordsOf = (
  bytes: AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>,
): AsyncGenerator<RecordingEntry, void, undefined> =>
  readRecords(bytes instanceof ReadableStream ? chunks(bytes) : bytes)

/** Not every browser can iterate over a stream. */
async function* chunks(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader()
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
  } finally {
    // The caller may have stopped early; a reader that already failed has nothing left to cancel.
    await reader.cancel().catch(() => undefined)
  }
}
