import { limits } from '@vitrine/contract/limits.ts'
import type { Logger } from 'pino'
import { now, pause } from '../clock.ts'
import { activeJobs } from '../store/jobs.ts'
import type { Database } from '../store/schema.ts'
import type { Fleet } from './fleet.ts'
import { newId } from './id.ts'
import { plan, type Action } from './plan.ts'
import type { Steps } from './steps.ts'

/** Without any hint the world is looked at this often. */
const tickMilliseconds = 1000
const refreshMilliseconds = 4000
/** An engine tells several events of each start; it is asked once for them, and not while it works on that start. */
const gatherMilliseconds = 500
/** What failed is left alone for so long: its reason may still be there, and nothing must spin. */
const failureMilliseconds = 1000

export type ReconcilerOptions = {
  db: Database
  fleet: Fleet
  steps: Steps
  poolSize: number
  concurrency: number
  log: Logger
}

/**
 * Brings what is there to what is wanted: plans, and starts each action; an action's job and sandbox are left out of
 * further plans until it has ended. It may be killed at any point: the next plan starts from what is there then.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions
  readonly #busy = new Set<string>()
  readonly #running = new Set<Promise<void>>()
  readonly #since = now()
  #woken = Promise.withResolvers<void>()
  #hinted = Promise.withResolvers<void>()
  #poolFailures = 0
  #poolRestsUntil = 0

  constructor(options: ReconcilerOptions) {
    this.#options = options
  }

  /** Something was done or asked for: plans now. */
  wake(): void {
    this.#woken.resolve()
  }

  /** The runtime says that something may have changed: lists soon. */
  hint(): void {
    this.#hinted.resolve()
  }

  /** Returns when `signal` has aborted and every action that was begun has ended. */
  async run(signal: AbortSignal): Promise<void> {
    // A plan made before the first listing would tell every job that the engine does not answer.
    await this.#list(signal)
    const listing = this.#keepListing(signal)
    while (!signal.aborted) {
      this.#woken = Promise.withResolvers()
      await this.#pass(signal).catch((error: unknown) => {
        this.#options.log.error({ error }, 'a pass of reconciling failed; the next one follows')
      })
      await Promise.race([this.#woken.promise, pause(tickMilliseconds, signal)])
    }
    await listing
    await Promise.all(this.#running)
  }

  async #pass(signal: AbortSignal): Promise<void> {
    const { db, fleet, poolSize, concurrency } = this.#options
    const jobs = await activeJobs(db)
    const actions = plan({
      jobs,
      sandboxes: fleet.view(),
      runtimeAnswers: fleet.answers,
      poolMayGrow: performance.now() >= this.#poolRestsUntil,
      poolSize,
      concurrency,
      now: now(),
      since: this.#since,
      busy: this.#busy,
    })
    for (const action of actions) this.#begin(action, signal)
  }

  #begin(action: Action, signal: AbortSignal): void {
    const keys = busyWith(action)
    if (keys.some((key) => this.#busy.has(key))) return
    for (const key of keys) this.#busy.add(key)
    const running = this.#apply(action, signal)
      .catch(async (error: unknown) => {
        if (signal.aborted) return
        this.#options.log.warn({ action: action.do, keys, error }, 'an action failed; it is planned again')
        await pause(failureMilliseconds, signal)
      })
      .finally(() => {
        for (const key of keys) this.#busy.delete(key)
        this.#running.delete(running)
        this.wake()
      })
    this.#running.add(running)
  }

  #apply(action: Action, signal: AbortSignal): Promise<void> {
    const { steps, fleet } = this.#options
    switch (action.do) {
      case 'claim':
        return steps.claim(action.job, action.sandbox, signal)
      case 'start':
        return steps.start(action.job, signal)
      case 'assign':
        return steps.assign(action.job, action.sandbox, signal)
      case 'retry':
        return steps.retry(action.job, action.message)
      case 'fail':
        return steps.fail(action.job, action.reason)
      case 'wait':
        return steps.wait(action.job, action.waiting)
      case 'close':
        return steps.close(action.job, action.message, signal)
      case 'retire':
        return steps.retire(action.job, signal)
      case 'purge':
        return steps.purge(action.jobs)
      case 'fill':
        return this.#fill(signal)
      case 'remove':
        return fleet.remove(action.sandbox, signal)
    }
  }

  async #fill(signal: AbortSignal): Promise<void> {
    const size = { memoryMiB: limits.memoryMiB.default, cpus: limits.cpus.default }
    try {
      await this.#options.fleet.start(newId('sbx'), size, true, signal)
      this.#poolFailures = 0
    } catch (error) {
      // After three failures in a row the pool rests, longer each time: a broken image must not keep the engine busy.
      this.#poolFailures++
      const rest = this.#poolFailures < 3 ? 1000 : Math.min(60_000, 1000 * 2 ** this.#poolFailures)
      this.#poolRestsUntil = performance.now() + rest
      throw error
    }
  }

  async #keepListing(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await Promise.race([pause(refreshMilliseconds, signal), this.#hinted.promise])
      await pause(gatherMilliseconds, signal)
      this.#hinted = Promise.withResolvers()
      await this.#list(signal)
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { fleet, log } = this.#options
    await fleet.refresh(signal).catch((error: unknown) => {
      if (!signal.aborted) log.warn({ error }, 'the runtime did not list its sandboxes')
    })
    this.wake()
  }
}

const busyWith = (action: Action): string[] => [
  ...('jobs' in action ? action.jobs.map(({ id }) => id) : []),
  ...('job' in action ? [action.job.id] : []),
  ...('job' in action && action.job.sandbox ? [action.job.sandbox] : []),
  ...('sandbox' in action ? [action.sandbox] : []),
]
