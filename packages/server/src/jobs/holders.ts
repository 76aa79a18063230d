import type { JobLimits, Usage } from '@vitrine/contract/job.ts'
import { findJob, holderOf } from '../store/jobs.ts'
import type { Database } from '../store/schema.ts'

/** A sandbox that its job has given up may call for so long; it is never another job's. */
const freshMilliseconds = 10_000

/** The run that a sandbox works on, what it may ask of models, and what it has used: whoever uses more adds it there. */
export type Holder = {
  sandbox: string
  job: string
  run: number
  budget: { limits: JobLimits; spent: Usage }
}

/** Who holds a sandbox: asked at every model call, so the answer is kept for a moment, and the budget for the run. */
export class Holders {
  readonly #db: Database
  readonly #known = new Map<string, { holder: Holder; until: number }>()

  constructor(db: Database) {
    this.#db = db
  }

  async of(sandbox: string): Promise<Holder | null> {
    const known = this.#known.get(sandbox)
    if (known && performance.now() < known.until) return known.holder
    const found = await holderOf(this.#db, sandbox)
    const job = found && !this.#isKnown(sandbox, found) ? await findJob(this.#db, found.id) : null
    if (found && this.#isKnown(sandbox, found)) return this.#keep(this.#known.get(sandbox)!.holder)
    this.#known.delete(sandbox)
    if (!job) return null
    const { usage, usageBefore } = job.life
    const spent = {
      calls: usage.calls - usageBefore.calls,
      tokensIn: usage.tokensIn - usageBefore.tokensIn,
      tokensOut: usage.tokensOut - usageBefore.tokensOut,
    }
    const budget = { limits: job.request.limits, spent }
    return this.#keep({ sandbox, job: job.id, run: job.run, budget })
  }

  /** A new run begins in this sandbox, with a budget of its own. */
  forget(sandbox: string): void {
    this.#known.delete(sandbox)
  }

  /** Calls at the same time must share one budget: the second finds what the first has read. */
  #isKnown(sandbox: string, { id, run }: { id: string; run: number }): boolean {
    const holder = this.#known.get(sandbox)?.holder
    return holder?.job === id && holder.run === run
  }

  #keep(holder: Holder): Holder {
    const now = performance.now()
    // Sandboxes that are gone do not call again.
    for (const [sandbox, { until }] of this.#known) if (until < now - 3_600_000) this.#known.delete(sandbox)
    this.#known.set(holder.sandbox, { holder, until: now + freshMilliseconds })
    return holder
  }
}
