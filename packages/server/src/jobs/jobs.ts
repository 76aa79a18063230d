import { VitrineError } from '@vitrine/contract/error.ts'
import type { JobState, NewJob, NewPrompt, RestartMode } from '@vitrine/contract/job.ts'
import { findJob, markDeleted, pageOfJobs, type JobFilter, type StoredJob } from '../store/jobs.ts'
import { promptHash } from '../store/prompts.ts'
import { change, type Decide } from './change.ts'
import { createJob, type CreateOptions } from './create.ts'
import { hashOf, otherBody } from './idempotency.ts'
import { withPlaces } from './place.ts'
import { canceled, extended, opened, prompted, requireEnded, restarted, stopped } from './requests.ts'

export type JobsOptions = CreateOptions & {
  /** Something changed that reconciling should look at. */
  wake: () => void
  /** A job that may hold a sandbox was changed: its agent should know. */
  tell: (job: StoredJob) => void
  /** The newest run of the job's task that can be repeated; null where there is none. */
  recordedRun: (job: StoredJob) => Promise<number | null>
}

/** What people and programs ask of jobs. What follows from it, reconciling does. */
export class Jobs {
  readonly #options: JobsOptions

  constructor(options: JobsOptions) {
    this.#options = options
  }

  /** Stores a job, as `createJob` says. */
  async create(wanted: NewJob, idempotencyKey?: string): Promise<StoredJob> {
    const job = await createJob(this.#options, wanted, idempotencyKey)
    this.#options.wake()
    return job
  }

  async get(id: string): Promise<StoredJob> {
    const { db } = this.#options
    const job = await findJob(db, id)
    if (!job || job.deleting) throw new VitrineError('not_found', `There is no job ${id}.`)
    return (await withPlaces(db, [job]))[0]!
  }

  async page(filter: JobFilter & { before?: string | undefined }, limit: number): Promise<StoredJob[]> {
    const { db } = this.#options
    return withPlaces(db, await pageOfJobs(db, filter, limit))
  }

  /** Ends the work; a desktop that is live stays. A job that has ended already is left as it is. */
  cancel(id: string): Promise<StoredJob> {
    return this.#change(id, canceled)
  }

  /** Ends the work if it goes on, keeps the files, closes the desktop. */
  stop(id: string): Promise<StoredJob> {
    return this.#change(id, stopped)
  }

  /** Opens a desktop again with the kept files. */
  open(id: string): Promise<StoredJob> {
    return this.#change(id, opened)
  }

  /**
   * Runs the task again in a new sandbox; a run that goes on is ended first. `exact` and `replay` repeat the newest run of
   * the task that has left its records; they throw `conflict` where there is none.
   */
  async restart(id: string, mode: RestartMode): Promise<StoredJob> {
    const repeats = mode === 'fresh' ? null : { run: await this.#recorded(id), how: mode }
    await this.#change(id, canceled)
    return this.#change(id, (job) => restarted(job, repeats))
  }

  async #recorded(id: string): Promise<number> {
    const job = await this.get(id)
    requireEnded(job)
    const run = await this.#options.recordedRun(job)
    if (run !== null) return run
    throw new VitrineError(
      'conflict',
      `Job ${id} has no recorded run to repeat: none got an answer from a model and left its files. Restart it as new.`,
    )
  }

  /**
   * Goes on with the program that is there, in the same sandbox: a new run of the job. It is on the disk when this returns.
   * The same idempotency key does nothing again, and is `idempotency_conflict` with another body.
   */
  prompt(id: string, wanted: NewPrompt, idempotencyKey?: string): Promise<StoredJob> {
    const promptKey = idempotencyKey === undefined ? undefined : { key: idempotencyKey, hash: hashOf(wanted) }
    return this.#change(id, async (job, transaction) => {
      const earlier = promptKey ? await promptHash(transaction, id, promptKey.key) : null
      if (earlier === null) return { ...prompted(job, wanted), promptKey }
      if (earlier !== promptKey?.hash) throw otherBody()
      return null
    })
  }

  /** Lets the desktop live on for so long from now. */
  extend(id: string, seconds: number): Promise<StoredJob> {
    return this.#change(id, (job) => extended(job, seconds))
  }

  async remove(id: string): Promise<void> {
    await this.#change(id, () => ({ deleting: true }))
  }

  /** Removes all jobs, or those in `states`; how many. */
  async removeAll(states?: readonly JobState[]): Promise<number> {
    const { db, events, wake } = this.#options
    const ids = await markDeleted(db, states)
    for (const id of ids) events.wake(id)
    wake()
    return ids.length
  }

  async #change(id: string, decide: Decide): Promise<StoredJob> {
    const changed = await change(this.#options, id, (job, transaction) =>
      job.deleting ? null : decide(job, transaction),
    )
    this.#options.wake()
    if (changed) this.#options.tell(changed)
    return changed ?? this.get(id)
  }
}
