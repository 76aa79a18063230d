import { setTimeout as sleep } from 'node:timers/promises'
import type { JobEvent } from '@vitrine/contract/event.ts'
import type { NewJobInput } from '@vitrine/contract/job.ts'
import { VitrineApiError, VitrineConnectionError } from '@vitrine/sdk/error.ts'
import type { Vitrine } from '@vitrine/sdk/vitrine.ts'
import { expect } from 'vitest'
import type { Known } from './invariants.ts'

export type PeopleOptions = {
  vitrine: Vitrine
  /** The job that a new submit asks for; it is submitted with `key` as its idempotency key and its label. */
  job: (key: string) => NewJobInput
  /** How many jobs there are at a time, at most. */
  mostJobs: number
  /** Milliseconds between two deeds, at most, and before something is tried again. */
  pauseMs: number
  retryMs: number
  random: () => number
}

/** Those who use the server meanwhile: they submit until it is acknowledged, follow, cancel, stop, restart and delete. */
export class People implements Known {
  readonly submitted = new Map<string, string>()
  readonly deleted = new Set<string>()
  readonly maybeDeleted = new Set<string>()
  readonly followed = new Map<string, JobEvent[]>()
  readonly #options: PeopleOptions
  readonly #following: Promise<void>[] = []
  readonly #gone = new AbortController()
  #isLeaving = false

  constructor(options: PeopleOptions) {
    this.#options = options
  }

  async act(): Promise<void> {
    const { random, pauseMs, mostJobs } = this.#options
    while (!this.#isLeaving) {
      await sleep(random() * pauseMs)
      const open = [...this.submitted.values()].filter((id) => !this.deleted.has(id))
      const id = this.#pick(open)
      if (id === undefined || (random() < 0.5 && open.length < mostJobs)) await this.#submit()
      else await this.#change(id)
    }
  }

  /** No new deeds; what was begun is ended. */
  leave(): void {
    this.#isLeaving = true
  }

  /** Followers stop too. */
  async close(): Promise<void> {
    this.#gone.abort()
    await Promise.all(this.#following)
  }

  async #submit(): Promise<void> {
    const { vitrine, job, random, retryMs } = this.#options
    const key = `submit-${this.submitted.size}`
    const wanted = { ...job(key), labels: { key } }
    for (;;) {
      try {
        const { id } = await vitrine.jobs.create(wanted, { idempotencyKey: key })
        this.submitted.set(key, id)
        if (random() < 0.3) this.#following.push(this.#follow(id))
        return
      } catch (error) {
        if (!(error instanceof VitrineConnectionError)) throw error
        await sleep(retryMs)
      }
    }
  }

  async #change(id: string): Promise<void> {
    const { jobs } = this.#options.vitrine
    const deed = this.#pick(['cancel', 'stop', 'open', 'restart', 'delete', 'delete'] as const)!
    try {
      await jobs[deed](id)
      if (deed === 'delete') this.deleted.add(id)
    } catch (error) {
      if (error instanceof VitrineConnectionError) {
        if (deed === 'delete') this.maybeDeleted.add(id)
      } else if (error instanceof VitrineApiError && error.status === 404) {
        expect(this.maybeDeleted, 'only what was deleted is gone').toContain(id)
      } else if (!(error instanceof VitrineApiError && error.code === 'conflict')) throw error
    }
  }

  /** Over all kills, to the job's end. */
  async #follow(id: string): Promise<void> {
    const { signal } = this.#gone
    const events: JobEvent[] = []
    this.followed.set(id, events)
    while (!signal.aborted) {
      try {
        const after = events.at(-1)?.seq ?? 0
        for await (const event of this.#options.vitrine.jobs.events(id, { after, signal })) events.push(event)
        return
      } catch (error) {
        const isGone = error instanceof VitrineApiError && error.status === 404
        if (isGone || signal.aborted) return
        if (!(error instanceof VitrineConnectionError)) throw error
        await sleep(this.#options.retryMs)
      }
    }
  }

  #pick<T>(all: readonly T[]): T | undefined {
    return all[Math.floor(this.#options.random() * all.length)]
  }
}
