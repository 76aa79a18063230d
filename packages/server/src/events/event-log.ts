import type { EventBody, JobEvent } from '@vitrine/contract/event.ts'
import { appendEvents, eventsAfter } from '../store/events.ts'
import type { Database } from '../store/schema.ts'

const batch = 500

/** What is written in one transaction: the tables, and the log of each job. */
export type Store = { db: Database; events: EventLog }

/**
 * The append-only log of each job, and those who follow it. A follower is only woken; what it gets it reads from the
 * store, so a slow one holds no memory and nobody misses or doubles an event.
 */
export class EventLog {
  readonly #db: Database
  readonly #sleepers = new Map<string, Set<() => void>>()
  readonly #watchers = new Set<(job: string) => void>()

  constructor(db: Database) {
    this.#db = db
  }

  /** Appends within the caller's transaction; call `wake` after its commit. */
  append(
    transaction: Database,
    job: string,
    run: number,
    at: number,
    bodies: readonly EventBody[],
  ): Promise<void> {
    return appendEvents(transaction, job, run, at, bodies)
  }

  wake(job: string): void {
    for (const resume of this.#sleepers.get(job) ?? []) resume()
    for (const note of this.#watchers) note(job)
  }

  /**
   * The ids of jobs that changed since the batch before, until `signal` aborts. The first batch is empty: what changes
   * after it is not missed.
   */
  async *watch(signal: AbortSignal): AsyncGenerator<ReadonlySet<string>> {
    let changed = new Set<string>()
    let noted = Promise.withResolvers<void>()
    const note = (job: string) => {
      changed.add(job)
      noted.resolve()
    }
    const abort = () => noted.resolve()
    this.#watchers.add(note)
    signal.addEventListener('abort', abort)
    try {
      yield new Set()
      while (!signal.aborted) {
        await noted.promise
        const batch = changed
        changed = new Set()
        noted = Promise.withResolvers()
        if (batch.size > 0) yield batch
      }
    } finally {
      this.#watchers.delete(note)
      signal.removeEventListener('abort', abort)
    }
  }

  /** The stored events after `after`, one batch after the other. */
  async *stored(job: string, after: number): AsyncGenerator<JobEvent[]> {
    for (let last = after; ;) {
      const events = await eventsAfter(this.#db, job, last, batch)
      if (events.length === 0) return
      yield events
      last = events.at(-1)!.seq
    }
  }

  /**
   * The stored events after `after`, then live ones in batches, until `ended()` tells that no more will come or
   * `signal` aborts.
   */
  async *follow(
    job: string,
    after: number,
    ended: () => Promise<boolean>,
    signal: AbortSignal,
  ): AsyncGenerator<JobEvent[]> {
    for (let last = after; !signal.aborted;) {
      using wake = this.#sleep(job, signal)
      // Asked before reading: what was written before the end is then read after it.
      const over = await ended()
      for await (const events of this.stored(job, last)) {
        yield events
        last = events.at(-1)!.seq
      }
      if (over) return
      await wake.promise
    }
  }

  #sleep(job: string, signal: AbortSignal) {
    const { promise, resolve } = Promise.withResolvers<void>()
    const sleepers = this.#sleepers.getOrInsertComputed(job, () => new Set())
    sleepers.add(resolve)
    const abort = () => resolve()
    signal.addEventListener('abort', abort)
    return {
      promise,
      [Symbol.dispose]: () => {
        signal.removeEventListener('abort', abort)
        sleepers.delete(resolve)
        if (sleepers.size === 0 && this.#sleepers.get(job) === sleepers) this.#sleepers.delete(job)
      },
    }
  }
}
