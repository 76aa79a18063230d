import type { Logger } from 'pino'
import type { ModelCalled } from '@vitrine/contract/event.ts'
import type { EventLog } from '../events/event-log.ts'
import type { Database } from '../store/schema.ts'
import { observe } from './observe.ts'

/** A model call must not wait for the disk; calls that end close together are written in one transaction. */
const lateMilliseconds = 200

export type MeterOptions = { db: Database; log: EventLog; logger: Logger }

type Open = { calls: ModelCalled[]; timer: NodeJS.Timeout; writing: Promise<void> }

/** Writes down the model calls of jobs, a moment after each has ended. */
export class Meter implements AsyncDisposable {
  readonly #options: MeterOptions
  readonly #open = new Map<string, Open>()

  constructor(options: MeterOptions) {
    this.#options = options
  }

  add(job: string, run: number, call: ModelCalled): void {
    const key = `${job} ${run}`
    const open = this.#open.get(key) ?? { calls: [], writing: Promise.resolve(), timer: this.#later(key) }
    open.calls.push(call)
    this.#open.set(key, open)
  }

  /** Resolves once all calls of the run that have ended are on the disk. */
  async settle(job: string, run: number): Promise<void> {
    await this.#write(`${job} ${run}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#open.keys()].map((key) => this.#write(key)))
  }

  #later(key: string): NodeJS.Timeout {
    return setTimeout(() => {
      this.#write(key).catch((error: unknown) =>
        this.#options.logger.error({ run: key, error }, 'model calls could not be written down; tried again'),
      )
    }, lateMilliseconds)
  }

  /** One writer at a time; calls that could not be written stay for the next one. */
  #write(key: string): Promise<void> {
    const open = this.#open.get(key)
    if (!open) return Promise.resolve()
    clearTimeout(open.timer)
    open.writing = open.writing.catch(() => undefined).then(() => this.#writeNow(key, open))
    return open.writing
  }

  async #writeNow(key: string, open: Open): Promise<void> {
    const [job = '', run = ''] = key.split(' ')
    const { calls } = open
    if (calls.length === 0) return
    open.calls = []
    try {
      await observe(this.#options, job, { from: 'gateway', run: Number(run), calls })
    } catch (error) {
      open.calls.unshift(...calls)
      throw error
    } finally {
      clearTimeout(open.timer)
      if (open.calls.length > 0) open.timer = this.#later(key)
      else this.#open.delete(key)
    }
  }
}
