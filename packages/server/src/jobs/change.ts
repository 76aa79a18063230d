import { setImmediate } from 'node:timers/promises'
import type { EventBody } from '@vitrine/contract/event.ts'
import { desktopMoves, isFinal, jobMoves } from '@vitrine/contract/job.ts'
import { now } from '../clock.ts'
import type { Store } from '../events/event-log.ts'
import { findJob, updateJob, type StoredJob } from '../store/jobs.ts'
import { insertPromptKey, type PromptKey } from '../store/prompts.ts'
import type { Database, JobLife } from '../store/schema.ts'

export type Patch = Partial<Pick<StoredJob, 'state' | 'desktop' | 'sandbox' | 'run' | 'deleting'>> & {
  life?: Partial<JobLife>
  /** Told before the moves that the patch itself makes. */
  events?: readonly EventBody[]
  /** Events that may be of a run before the present one. */
  ofRuns?: readonly { run: number; event: EventBody }[]
  /** Said with a change of the desktop. */
  message?: string
  /** Written down with a follow-up. */
  promptKey?: PromptKey | undefined
}

/** Answers null where nothing is to be done any more. What it reads, it reads in the change's transaction. */
export type Decide = (job: StoredJob, transaction: Database) => Patch | null | Promise<Patch | null>

/**
 * The one way a job changes: reads it, asks `decide` for a patch, and writes patch and events in one transaction,
 * provided that nobody wrote in between. A move that the contract's tables do not have throws. Returns the job as it is
 * now; null where there is none or nothing was done.
 */
export async function change(store: Store, id: string, decide: Decide): Promise<StoredJob | null> {
  for (;;) {
    const outcome = await store.db
      .transaction()
      .execute((transaction) => changeIn(transaction, store, id, decide))
    if (outcome === 'again') continue
    if (outcome) store.events.wake(id)
    return outcome
  }
}

/**
 * Changes several jobs in one transaction: a commit waits for the disk, and the server with it. Between the jobs the
 * server goes on with whatever else there is; only other changes wait.
 */
export async function changeAll(store: Store, decisions: ReadonlyMap<string, Decide>): Promise<void> {
  const again = new Map<string, Decide>()
  await store.db.transaction().execute(async (transaction) => {
    for (const [id, decide] of decisions) {
      if ((await changeIn(transaction, store, id, decide)) === 'again') again.set(id, decide)
      await setImmediate()
    }
  })
  for (const id of decisions.keys()) store.events.wake(id)
  if (again.size > 0) await changeAll(store, again)
}

async function changeIn(
  transaction: Database,
  store: Store,
  id: string,
  decide: Decide,
): Promise<StoredJob | null | 'again'> {
  const before = await findJob(transaction, id)
  const patch = before && (await decide(before, transaction))
  if (!before || !patch) return null
  const after = patched(before, patch)
  if (!(await updateJob(transaction, after))) return 'again'
  const at = now()
  for (const { run, event } of patch.ofRuns ?? [])
    await store.events.append(transaction, id, run, at, [event])
  const events = [...(patch.events ?? []), ...moves(before, after, patch)]
  await store.events.append(transaction, id, after.run, at, events)
  if (patch.promptKey) await insertPromptKey(transaction, id, patch.promptKey)
  return { ...after, version: after.version + 1 }
}

function patched(before: StoredJob, patch: Patch): StoredJob {
  const { life, events: _, ofRuns: __, message: ___, promptKey: ____, ...fields } = patch
  const after = { ...before, ...fields, life: { ...before.life, ...life } }
  const legal =
    after.run === before.run
      ? after.state === before.state || jobMoves[before.state].includes(after.state)
      : after.run === before.run + 1 && isFinal(before.state) && after.state === 'queued'
  if (!legal) throw new Error(`Job ${before.id} can't go from ${before.state} to ${after.state}.`)
  if (after.desktop !== before.desktop && !desktopMoves[before.desktop].includes(after.desktop)) {
    throw new Error(`The desktop of job ${before.id} can't go from ${before.desktop} to ${after.desktop}.`)
  }
  return after
}

function moves(before: StoredJob, after: StoredJob, patch: Patch): EventBody[] {
  const events: EventBody[] = []
  if (after.state !== before.state || after.run !== before.run) {
    const { reason } = after.life
    events.push({ type: 'job.state', data: { from: before.state, to: after.state, reason } })
  }
  if (after.life.waiting?.message !== before.life.waiting?.message) {
    events.push({ type: 'job.waiting', data: { waiting: after.life.waiting } })
  }
  if (after.desktop !== before.desktop) {
    const message = patch.message ?? null
    events.push({ type: 'desktop.state', data: { from: before.desktop, to: after.desktop, message } })
  }
  return events
}
