import { createHash } from 'node:crypto'
import { VitrineError, type FieldError } from '@vitrine/contract/error.ts'
import {
  isFinal,
  type JobState,
  type NewJob,
  type NewPrompt,
  type Reason,
  type Repeat,
  type RestartMode,
} from '@vitrine/contract/job.ts'
import { now } from '../clock.ts'
import type { EventLog } from '../events/event-log.ts'
import {
  findByIdempotencyKey,
  findJob,
  insertJob,
  markDeleted,
  pageOfJobs,
  waitingForSlot,
  type JobFilter,
  type StoredJob,
} from '../store/jobs.ts'
import { promptHash } from '../store/prompts.ts'
import type { Database, JobLife } from '../store/schema.ts'
import { change, type Decide, type Patch } from './change.ts'
import { newId } from './id.ts'
import { atPlace } from './plan.ts'

const freshLife: JobLife = {
  followUp: null,
  repeats: null,
  phase: null,
  waiting: null,
  reason: null,
  verdict: null,
  usage: { calls: 0, tokensIn: 0, tokensOut: 0 },
  usageBefore: { calls: 0, tokensIn: 0, tokensOut: 0 },
  tokensPerSecond: null,
  startedAt: null,
  waited: 0,
  waitingSince: null,
  finishedAt: null,
  expiresAt: null,
  desktopPort: null,
  closing: false,
  previous: null,
  attempts: 0,
  notBefore: 0,
  agentEvents: 0,
}

export type JobsOptions = {
  db: Database
  log: EventLog
  defaultModel: () => string
  /** Throws a VitrineError that names the field where no model server has the model; one that is away may have it. */
  requireModel: (model: string) => Promise<void>
  /** What is wrong with the hosts that a new job asks for. */
  wrongHosts: (hosts: readonly string[]) => FieldError[]
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

  /**
   * Stores a job; it is on the disk when this returns. The same idempotency key gives the same job again, and
   * `idempotency_conflict` with another body. `bad_request` for a model that no model server has, and for hosts
   * that jobs may not reach here.
   */
  async create(wanted: NewJob, idempotencyKey?: string): Promise<StoredJob> {
    const { db, log, wake, defaultModel, requireModel, wrongHosts } = this.#options
    const hash = hashOf(wanted)
    const { name, model, check, ...rest } = wanted
    const request = {
      ...rest,
      name: name ?? null,
      model: model ?? defaultModel(),
      check: check ?? null,
      createdAt: now(),
    }
    const isKnown = idempotencyKey && (await findByIdempotencyKey(db, idempotencyKey)) !== null
    const wrong = isKnown ? [] : wrongHosts(wanted.egress)
    if (wrong[0]) throw new VitrineError('bad_request', `${wrong[0].path}: ${wrong[0].message}.`, wrong)
    if (model !== undefined && !isKnown) await requireModel(model)
    const job = await db.transaction().execute(async (transaction) => {
      const earlier = idempotencyKey ? await findByIdempotencyKey(transaction, idempotencyKey) : null
      if (earlier && earlier.hash !== hash) throw otherBody()
      if (earlier) return earlier.job
      const job = await insertJob(
        transaction,
        {
          id: newId('job'),
          run: 1,
          version: 1,
          state: 'queued',
          desktop: 'closed',
          sandbox: null,
          deleting: false,
          request,
          life: freshLife,
        },
        idempotencyKey ? { key: idempotencyKey, hash } : null,
      )
      const created = { type: 'job.state', data: { from: null, to: 'queued', reason: null } } as const
      await log.append(transaction, job.id, 1, request.createdAt, [created])
      return job
    })
    log.wake(job.id)
    wake()
    return job
  }

  async get(id: string): Promise<StoredJob> {
    const job = await findJob(this.#options.db, id)
    if (!job || job.deleting) throw notFound(id)
    return (await this.#placed([job]))[0]!
  }

  async page(filter: JobFilter & { before?: string | undefined }, limit: number): Promise<StoredJob[]> {
    return this.#placed(await pageOfJobs(this.#options.db, filter, limit))
  }

  /** Ends the work; a desktop that is live stays. A job that has ended already is left as it is. */
  cancel(id: string): Promise<StoredJob> {
    return this.#change(id, (job) => (isFinal(job.state) ? null : canceled(job, canceledReason)))
  }

  /** Ends the work if it goes on, keeps the files, closes the desktop. */
  stop(id: string): Promise<StoredJob> {
    return this.#change(id, (job) => {
      if (isFinal(job.state)) return job.desktop === 'closed' ? null : { life: { closing: true } }
      const patch = canceled(job, stoppedReason)
      return { ...patch, life: { ...patch.life, closing: job.sandbox !== null } }
    })
  }

  /** Opens a desktop again with the kept files. */
  open(id: string): Promise<StoredJob> {
    return this.#change(id, (job) => {
      if (job.desktop !== 'closed' && !job.life.closing) return null
      if (!isFinal(job.state) || job.desktop !== 'closed') {
        const what =
          job.desktop === 'closed' ? 'has not ended yet; its desktop opens by itself' : 'is being stopped'
        throw new VitrineError('conflict', `Job ${id} ${what}.`)
      }
      return { desktop: 'opening', life: { ...freshStart, expiresAt: null } }
    })
  }

  /**
   * Runs the task again in a new sandbox; a run that goes on is ended first. `exact` and `replay` repeat the newest run of
   * the task that has left its records; they throw `conflict` where there is none.
   */
  async restart(id: string, mode: RestartMode): Promise<StoredJob> {
    const repeats = mode === 'fresh' ? null : { run: await this.#recorded(id), how: mode }
    const events = repeats
      ? [{ type: 'log', data: { level: 'info', message: repeating(repeats) } } as const]
      : []
    await this.#change(id, (job) => (isFinal(job.state) ? null : canceled(job, canceledReason)))
    return this.#change(id, (job) => ({
      run: job.run + 1,
      state: 'queued',
      desktop: 'closed',
      sandbox: null,
      life: {
        ...freshLife,
        repeats,
        usage: job.life.usage,
        usageBefore: job.life.usage,
        previous: job.sandbox ? { sandbox: job.sandbox, run: job.run } : job.life.previous,
      },
      message: 'the job was restarted',
      events,
    }))
  }

  async #recorded(id: string): Promise<number> {
    const job = await this.get(id)
    if (!isFinal(job.state)) {
      throw new VitrineError('conflict', `Job ${id} still works; wait for its end, or cancel it first.`)
    }
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
    const hash = hashOf(wanted)
    const promptKey = idempotencyKey === undefined ? undefined : { key: idempotencyKey, hash }
    return this.#change(id, async (job, transaction) => {
      const earlier = promptKey ? await promptHash(transaction, id, promptKey.key) : null
      if (earlier !== null && earlier !== hash) throw otherBody()
      if (earlier !== null) return null
      requireLiveDesktop(job)
      const followUp = { prompt: wanted.prompt, check: wanted.check ?? null }
      const { usage, desktopPort, agentEvents } = job.life
      return {
        run: job.run + 1,
        state: 'queued',
        life: { ...freshLife, followUp, usage, usageBefore: usage, desktopPort, agentEvents },
        events: [{ type: 'job.prompted', data: followUp }],
        promptKey,
      }
    })
  }

  extend(id: string, seconds: number): Promise<StoredJob> {
    return this.#change(id, (job) => {
      if (job.desktop === 'closed') throw new VitrineError('conflict', `The desktop of job ${id} is closed.`)
      if (!isFinal(job.state)) {
        throw new VitrineError('conflict', `Job ${id} still runs; its desktop's time begins when it ends.`)
      }
      return { life: { expiresAt: now() + seconds * 1000 } }
    })
  }

  async remove(id: string): Promise<void> {
    await this.#change(id, () => ({ deleting: true }))
  }

  /** Removes all jobs, or those in `states`; how many. */
  async removeAll(states?: readonly JobState[]): Promise<number> {
    const ids = await markDeleted(this.#options.db, states)
    for (const id of ids) this.#options.log.wake(id)
    this.#options.wake()
    return ids.length
  }

  /** The same jobs; those that wait for a slot with the place that they have by now. */
  async #placed(jobs: StoredJob[]): Promise<StoredJob[]> {
    const waits = ({ state, life }: StoredJob) => state === 'queued' && life.waiting?.for === 'slot'
    if (!jobs.some(waits)) return jobs
    const queue = new Map((await waitingForSlot(this.#options.db)).map((id, index) => [id, index + 1]))
    return jobs.map((job) => {
      const place = queue.get(job.id)
      return waits(job) && place !== undefined
        ? { ...job, life: { ...job.life, waiting: atPlace(place) } }
        : job
    })
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

const canceledReason: Reason = { code: 'canceled', message: 'Canceled on request.' }
const stoppedReason: Reason = { code: 'stopped', message: 'Stopped on request before the work was done.' }
const freshStart = { attempts: 0, notBefore: 0, agentEvents: 0, closing: false }

function canceled(job: StoredJob, reason: Reason): Patch {
  const finishedAt = now()
  return {
    state: 'canceled',
    life: {
      reason,
      phase: null,
      waiting: null,
      finishedAt,
      expiresAt: finishedAt + job.request.limits.desktopSeconds * 1000,
      // A desktop that nobody has seen yet is not kept.
      closing: job.desktop === 'opening',
    },
  }
}

const repeating = ({ run, how }: Repeat) =>
  how === 'exact'
    ? `Run ${run} is repeated with its styles, temperatures and seeds.`
    : `The recorded answers of run ${run} are used; no model is called.`

function requireLiveDesktop({ id, state, desktop, life }: StoredJob): void {
  if (!isFinal(state)) {
    throw new VitrineError('conflict', `Job ${id} still works; wait for its end, or cancel it first.`)
  }
  if (desktop === 'live' && !life.closing) return
  const how = desktop === 'opening' ? 'is still being opened' : 'is closed; open it first'
  throw new VitrineError('conflict', `The desktop of job ${id} ${how}.`)
}

const hashOf = (body: object) => createHash('sha256').update(JSON.stringify(body)).digest('hex')
const otherBody = () =>
  new VitrineError('idempotency_conflict', 'This Idempotency-Key was used before with another body.')
const notFound = (id: string) => new VitrineError('not_found', `There is no job ${id}.`)
