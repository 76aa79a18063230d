import { VitrineError, type FieldError } from '@vitrine/contract/error.ts'
import type { NewJob } from '@vitrine/contract/job.ts'
import { now } from '../clock.ts'
import type { Store } from '../events/event-log.ts'
import { findByIdempotencyKey, insertJob, type StoredJob } from '../store/jobs.ts'
import { freshLife } from '../store/schema.ts'
import { newId } from './id.ts'
import { hashOf, otherBody } from './idempotency.ts'

export type CreateOptions = Store & {
  defaultModel: () => string
  /** Throws a VitrineError that names the field where no model server has the model; one that is away may have it. */
  requireModel: (model: string) => Promise<void>
  /** What is wrong with the hosts that a new job asks for. */
  wrongHosts: (hosts: readonly string[]) => FieldError[]
}

/**
 * Stores a job; it is on the disk when this returns. The same idempotency key gives the same job again, and
 * `idempotency_conflict` with another body. `bad_request` for a model that no model server has, and for hosts
 * that jobs may not reach here.
 */
export async function createJob(
  options: CreateOptions,
  wanted: NewJob,
  idempotencyKey: string | undefined,
): Promise<StoredJob> {
  const { db, events, defaultModel } = options
  const hash = hashOf(wanted)
  const { name = null, model = defaultModel(), check = null, ...rest } = wanted
  const request = { ...rest, name, model, check, createdAt: now() }
  const isKnown = idempotencyKey && (await findByIdempotencyKey(db, idempotencyKey)) !== null
  if (!isKnown) await requirePossible(options, wanted)
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
    await events.append(transaction, job.id, 1, request.createdAt, [created])
    return job
  })
  events.wake(job.id)
  return job
}

async function requirePossible(
  { requireModel, wrongHosts }: CreateOptions,
  { model, egress }: NewJob,
): Promise<void> {
  const wrong = wrongHosts(egress)
  if (wrong[0]) throw new VitrineError('bad_request', `${wrong[0].path}: ${wrong[0].message}.`, wrong)
  if (model !== undefined) await requireModel(model)
}
