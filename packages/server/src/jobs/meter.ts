import type { Logger } from 'pino'
import type { ModelCalled } from '@vitrine/contract/event.ts'
import type { Store } from '../events/event-log.ts'
import { observeCalls } from './observe.ts'

/** A model call must not wait for the disk; calls that end within this time of each other share one transaction. */
const lateMilliseconds = 1000

export type MeterOptions = Store & { log: Logger }

/** Writes down the model calls of jobs, a moment after each has ended. */
export class Meter implements AsyncDisposable {
  readonly #options: MeterOptions
  #runs = new Map<string, { job: string; run: number; calls: ModelCalled[] }>()
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(options: MeterOptions) {
    this.#options = options
  }

  add(job: string, run: number, call: ModelCalled): void {
    this.#runs.getOrInsertComputed(`${job} ${run}`, () => ({ job, run, calls: [] })).calls.push(call)
    this.#timer ??= setTimeout(() => this.#writeLate(), lateMilliseconds)
  }

  /** Resolves once all calls that have ended are on the disk. */
  settle(): Promise<void> {
    this.#writing = this.#writing.catch(() => undefined).then(() => this.#write())
    return this.#writing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.settle()
  }

  #writeLate(): void {
    this.settle().catch((error: unknown) =>
      this.#options.log.error({ error }, 'model calls could not be written down; tried again'),
    )
  }

  async #write(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const runs = [...this.#runs.values()]
    this.#runs.clear()
    if (runs.length === 0) return
    try {
      await observeCalls(this.#options, runs)
    } catch (error) {
      for (const { job, run, calls } of runs) for (const call of calls) this.add(job, run, call)
      throw error
    }
  }
}
