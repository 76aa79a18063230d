import { setTimeout as sleep } from 'node:timers/promises'

const startedAt = Date.now() - performance.now()

/**
 * Milliseconds since 1970 by the wall clock of this process's start and the monotonic clock since then: somebody
 * moving the machine's clock by an hour ends no desktop and no job.
 */
export const now = (): number => Math.round(startedAt + performance.now())

/** Waits so many milliseconds, or until `signal` aborts. */
export const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  sleep(milliseconds, undefined, { signal }).catch(() => undefined)
