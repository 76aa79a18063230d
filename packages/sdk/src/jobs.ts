import type { JobEvent } from '@vitrine/contract/event.ts'
import type { Job, JobState, NewJobInput, NewPromptInput } from '@vitrine/contract/job.ts'
import type { JobChanges } from '@vitrine/contract/routes/jobs.ts'
import type { TerminalSize } from '@vitrine/contract/terminal.ts'
import { Control } from './control.ts'
import { Files } from './files.ts'
import { follow } from './follow.ts'
import { lines } from './lines.ts'
import { Recordings } from './recordings.ts'
import { Shares } from './shares.ts'
import { Terminal } from './terminal.ts'
import type { Options, Transport } from './transport.ts'

/** True where a job's run has ended: it succeeded, failed or was canceled. */
export const isFinal = (state: JobState): boolean =>
  state === 'succeeded' || state === 'failed' || state === 'canceled'

/** Which jobs: those in one of the states, with all of the labels, with all words of `text` in id, name or task. */
export type JobFilter = {
  state?: readonly JobState[] | undefined
  labels?: Readonly<Record<string, string>> | undefined
  text?: string | undefined
}

/** The jobs of a server. Every method throws `VitrineApiError` where the server refuses. */
export class Jobs {
  readonly #transport: Transport
  /** The files of a job. */
  readonly files: Files
  /** The recordings of a job's desktops. */
  readonly recordings: Recordings
  /** Who drives a job’s desktop. */
  readonly control: Control
  /** Links to a job’s desktop. */
  readonly shares: Shares

  constructor(transport: Transport) {
    this.#transport = transport
    this.files = new Files(transport)
    this.recordings = new Recordings(transport)
    this.control = new Control(transport)
    this.shares = new Shares(transport)
  }

  /**
   * Creates a job; the answer comes before it runs. The same `idempotencyKey` with the same job makes no second one, so
   * a call that broke can be repeated.
   */
  create(
    job: NewJobInput,
    { idempotencyKey, signal }: Options & { idempotencyKey?: string } = {},
  ): Promise<Job> {
    const headers = idempotent(idempotencyKey)
    return this.#transport.json('POST /jobs', { body: job, headers, signal })
  }

  /** All jobs that the filter lets through, the newest first. Pages are fetched as the iteration goes on. */
  async *list(filter: Options & JobFilter = {}): AsyncGenerator<Job, void, undefined> {
    let cursor: string | undefined
    do {
      const page = await this.page({ ...filter, limit: 200, cursor })
      yield* page.jobs
      cursor = page.next ?? undefined
    } while (cursor !== undefined)
  }

  /** One page of `list`: at most `limit` jobs (50, at most 200), and the cursor of the page after it; null at the end. */
  page(
    options: Options & JobFilter & { limit?: number | undefined; cursor?: string | undefined } = {},
  ): Promise<{ jobs: Job[]; next: string | null }> {
    const { limit, cursor, signal } = options
    return this.#transport.json('GET /jobs', { query: { ...queryOf(options), limit, cursor }, signal })
  }

  /**
   * What changes of the jobs that the filter lets through, as it happens: `jobs` as they are now, and the ids of those
   * that are `gone` from it. The first is empty and tells that watching has begun: a list read after it misses nothing.
   * Ends with the connection, after which a list is to be read again.
   */
  async *changes(filter: Options & JobFilter = {}): AsyncGenerator<JobChanges, void, undefined> {
    const { signal } = filter
    const response = await this.#transport.send('GET /jobs/changes', {
      query: queryOf(filter),
      accept: 'application/x-ndjson',
      signal,
    })
    for await (const line of lines(response, signal)) {
      if (line !== '') yield JSON.parse(line) as JobChanges
    }
  }

  /** One job as it is now. */
  get(id: string, { signal }: Options = {}): Promise<Job> {
    return this.#transport.json('GET /jobs/{id}', { params: { id }, signal })
  }

  /** Ends the work; the desktop stays until its time is over. A job that has ended stays as it is. */
  cancel(id: string, { signal }: Options = {}): Promise<Job> {
    return this.#transport.json('POST /jobs/{id}/cancel', { params: { id }, signal })
  }

  /** Ends the work if it goes on, keeps the files, closes the desktop. */
  stop(id: string, { signal }: Options = {}): Promise<Job> {
    return this.#transport.json('POST /jobs/{id}/stop', { params: { id }, signal })
  }

  /** Opens a desktop again with the kept files. */
  open(id: string, { signal }: Options = {}): Promise<Job> {
    return this.#transport.json('POST /jobs/{id}/open', { params: { id }, signal })
  }

  /**
   * Runs the task again in a new sandbox; the history is kept. `exact` repeats the newest recorded run with its styles,
   * temperatures and seeds; `replay` repeats it with its recorded answers, without any model. Both throw `conflict` where
   * no run left records, or the job still works.
   */
  restart(
    id: string,
    { mode = 'fresh', signal }: Options & { mode?: 'fresh' | 'exact' | 'replay' } = {},
  ): Promise<Job> {
    return this.#transport.json('POST /jobs/{id}/restart', { params: { id }, body: { mode }, signal })
  }

  /**
   * Goes on with the program of a job that has ended, in the same sandbox: `{ prompt: 'Now make it a window.' }`. It is a new
   * run of the job; throws `conflict` while the job works or where its desktop is not live. The file as it is now, changes
   * by hand included, is what the model sees. An `idempotencyKey` is for calls that are repeated, as in `create`.
   */
  prompt(
    id: string,
    prompt: NewPromptInput,
    { idempotencyKey, signal }: Options & { idempotencyKey?: string } = {},
  ): Promise<Job> {
    const headers = idempotent(idempotencyKey)
    return this.#transport.json('POST /jobs/{id}/prompts', { params: { id }, body: prompt, headers, signal })
  }

  /** Lets the desktop live on for so many seconds from now. */
  extend(id: string, seconds: number, { signal }: Options = {}): Promise<Job> {
    return this.#transport.json('POST /jobs/{id}/extend', { params: { id }, body: { seconds }, signal })
  }

  /** Deletes a job, its sandbox and its files. */
  delete(id: string, { signal }: Options = {}): Promise<void> {
    return this.#transport.json('DELETE /jobs/{id}', { params: { id }, signal })
  }

  /** Deletes all jobs, or those in the given states. */
  deleteAll({ state, signal }: Options & { state?: readonly JobState[] } = {}): Promise<{ deleted: number }> {
    return this.#transport.json('DELETE /jobs', { query: { state: state?.join(',') }, signal })
  }

  /**
   * A job's events after number `after`: those stored, then live, until the run has ended and its desktop is closed.
   * A broken connection is resumed where it broke; no event is lost or given twice. `follow: false` ends after those stored.
   */
  events(
    id: string,
    options: Options & { after?: number; follow?: boolean } = {},
  ): AsyncGenerator<JobEvent, void, undefined> {
    const { signal } = options
    let after = options.after ?? 0
    const open = async (): Promise<AsyncIterable<JobEvent>> => {
      const response = await this.#transport.send('GET /jobs/{id}/events', {
        params: { id },
        query: { after, follow: String(options.follow ?? true) },
        accept: 'application/x-ndjson',
        signal,
      })
      return parsed(response)
    }
    const parsed = async function* (response: Response) {
      for await (const line of lines(response, signal)) {
        if (line === '') continue
        const event = JSON.parse(line) as JobEvent
        after = event.seq
        yield event
      }
    }
    return follow(open, () => this.#isOver(id, options), signal)
  }

  /**
   * The job's story as plain text, line by line without line ends: all of it or the last `tail` lines, and with
   * `follow` what comes, over broken connections, until the run has ended and its desktop is closed.
   */
  async *logs(
    id: string,
    options: Options & { follow?: boolean; tail?: number } = {},
  ): AsyncGenerator<string, void, undefined> {
    const { signal } = options
    const read = (query: { follow: string; tail?: number | undefined }) =>
      this.#transport.send('GET /jobs/{id}/logs', { params: { id }, query, accept: 'text/plain', signal })
    let seen = 0
    if (options.tail !== undefined) {
      const stored = await Array.fromAsync(lines(await read({ follow: 'false' }), signal))
      yield* stored.slice(Math.max(0, stored.length - options.tail))
      if (!options.follow) return
      seen = stored.length
    }
    const unseen = async function* (response: Response) {
      let skip = seen
      for await (const line of lines(response, signal)) {
        if (skip-- > 0) continue
        seen++
        yield line
      }
    }
    const open = async () => unseen(await read({ follow: String(options.follow ?? false) }))
    yield* follow(open, () => this.#isOver(id, { follow: false, ...options }), signal)
  }

  /** Waits until the job's run has ended and gives the job as it is then. */
  async wait(id: string, { signal }: Options = {}): Promise<Job> {
    const job = await this.get(id, { signal })
    if (isFinal(job.state)) return job
    for await (const event of this.events(id, { signal })) {
      // A final state of an earlier run may be in the log; only the job itself tells that this one has ended.
      if (event.type !== 'job.state' || !isFinal(event.data.to)) continue
      const now = await this.get(id, { signal })
      if (isFinal(now.state)) return now
    }
    return this.get(id, { signal })
  }

  /** A fresh PNG picture of the live desktop; see `files.read` for what is returned. */
  screenshot(id: string, { signal }: Options = {}): Promise<Response> {
    return this.#transport.send('GET /jobs/{id}/screenshot.png', {
      params: { id },
      accept: 'image/png',
      signal,
    })
  }

  /** Opens a new shell in the job's live sandbox, in a window of so many character cells. */
  terminal(id: string, size: TerminalSize): Terminal {
    return new Terminal(this.#transport, id, size)
  }

  async #isOver(id: string, options: Options & { follow?: boolean }): Promise<boolean> {
    if (options.follow === false) return true
    const job = await this.#transport.json('GET /jobs/{id}', { params: { id }, signal: options.signal })
    return isFinal(job.state) && job.desktop.state === 'closed'
  }
}

const idempotent = (key: string | undefined): Record<string, string> =>
  key === undefined ? {} : { 'idempotency-key': key }

const queryOf = ({ state, labels = {}, text }: JobFilter) => ({
  state: state?.join(',') || undefined,
  label: Object.entries(labels).map(([key, value]) => `${key}=${value}`),
  q: text || undefined,
})
