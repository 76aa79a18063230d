import type { Attempt } from './attempt.ts'
import type { EgressLimits } from './limits.ts'
import { Refusal } from './refusal.ts'

/** Counts what flows through an attempt, and ends it where that is too much, or nothing for too long. */
export type Flow = Disposable & { sent(bytes: number): void; received(bytes: number): void }

/** What runs have had flow, in one life of the server. */
export type RunBytes = { add(run: string, bytes: number): number }

type FlowLimits = Pick<EgressLimits, 'idleMs' | 'lifeMs' | 'connectionBytes' | 'runBytes'>

export function watchFlow(attempt: Attempt, limits: FlowLimits, runs: RunBytes): Flow {
  const { idleMs, lifeMs, connectionBytes, runBytes } = limits
  const end = (status: 413 | 504, message: string) => attempt.end(new Refusal(status, message, true))
  const idle = setTimeout(() => end(504, `nothing came or went for ${idleMs / 1000} s`), idleMs)
  const life = setTimeout(() => end(504, `it took longer than ${lifeMs / 1000} s`), lifeMs)
  const run = `${attempt.reach.job} ${attempt.reach.run}`

  function flowed(bytes: number): void {
    idle.refresh()
    if (attempt.sent + attempt.received > connectionBytes)
      end(413, `more than ${connectionBytes} bytes went through one connection`)
    if (runs.add(run, bytes) > runBytes) end(413, `this run has moved more than ${runBytes} bytes`)
  }

  return {
    sent(bytes) {
      attempt.sent += bytes
      flowed(bytes)
    },
    received(bytes) {
      attempt.received += bytes
      flowed(bytes)
    },
    [Symbol.dispose]() {
      clearTimeout(idle)
      clearTimeout(life)
    },
  }
}

const mostRuns = 1000

export function countRunBytes(): RunBytes {
  const bytesOf = new Map<string, number>()
  return {
    add(run, bytes) {
      const sum = (bytesOf.get(run) ?? 0) + bytes
      // The last used stand last; runs that have been quiet for long are forgotten.
      bytesOf.delete(run)
      bytesOf.set(run, sum)
      if (bytesOf.size > mostRuns) bytesOf.delete(bytesOf.keys().next().value!)
      return sum
    },
  }
}
