import { isFinal, type DesktopState, type JobState } from '@vitrine/contract/job.ts'
import { limits } from '@vitrine/contract/limits.ts'
import { sql, type Selectable, type SelectQueryBuilder } from 'kysely'
import type { Database, JobLife, JobRequest, Schema } from './schema.ts'

/** A job as the server works with it. */
export type StoredJob = {
  number: number
  id: string
  run: number
  version: number
  state: JobState
  desktop: DesktopState
  sandbox: string | null
  deleting: boolean
  request: JobRequest
  life: JobLife
}

export type JobFilter = {
  states?: readonly JobState[] | undefined
  labels?: readonly string[] | undefined
  /** All of them must be in the job’s text, in lower case. */
  words?: readonly string[] | undefined
}

export async function insertJob(
  db: Database,
  job: Omit<StoredJob, 'number'>,
  idempotency: { key: string; hash: string } | null,
): Promise<StoredJob> {
  const { number } = await db
    .insertInto('jobs')
    .values({
      ...row(job),
      id: job.id,
      request: JSON.stringify(job.request),
      text: searchedText(job.id, job.request),
      idempotency_key: idempotency?.key ?? null,
      idempotency_hash: idempotency?.hash ?? null,
    })
    .returning('number')
    .executeTakeFirstOrThrow()
  const labels = Object.entries(job.request.labels).map(([key, value]) => ({ job: job.id, key, value }))
  if (labels.length > 0) await db.insertInto('labels').values(labels).execute()
  return { ...job, number }
}

/** Writes what changed, if nobody else wrote since `job` was read. False: read again. */
export async function updateJob(db: Database, job: StoredJob): Promise<boolean> {
  const result = await db
    .updateTable('jobs')
    .set({ ...row(job), version: job.version + 1 })
    .where('id', '=', job.id)
    .where('version', '=', job.version)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

export async function findJob(db: Database, id: string): Promise<StoredJob | null> {
  const found = await db.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirst()
  return found ? stored(found) : null
}

export async function findByIdempotencyKey(db: Database, key: string) {
  const found = await db.selectFrom('jobs').selectAll().where('idempotency_key', '=', key).executeTakeFirst()
  return found ? { job: stored(found), hash: found.idempotency_hash } : null
}

/** The job that holds a sandbox, and its run. */
export async function holderOf(db: Database, sandbox: string): Promise<{ id: string; run: number } | null> {
  const query = db.selectFrom('jobs').select(['id', 'run']).where('sandbox', '=', sandbox)
  return (await query.executeTakeFirst()) ?? null
}

/** So many deleted jobs are forgotten at once. */
const forgottenAtOnce = 100

/** All jobs for which something is left to do, the oldest first; of those that are only to be forgotten the first hundred. */
export async function activeJobs(db: Database): Promise<StoredJob[]> {
  const active = db.selectFrom('jobs').selectAll().where('active', '=', 1).orderBy('number')
  const wanted = await active.where('deleting', '=', 0).execute()
  const unwanted = await active.where('deleting', '=', 1).limit(forgottenAtOnce).execute()
  return [...wanted, ...unwanted].toSorted((a, b) => a.number - b.number).map(stored)
}

/** Marks all jobs, or those in `states`, as to be deleted; their ids. */
export async function markDeleted(db: Database, states?: readonly JobState[]): Promise<string[]> {
  const change = { deleting: 1, active: 1 } as const
  let query = db
    .updateTable('jobs')
    .set((from) => ({ ...change, version: from('version', '+', 1) }))
    .where('deleting', '=', 0)
  if (states) query = query.where('state', 'in', states)
  return (await query.returning('id').execute()).map(({ id }) => id)
}

/** The ids of those that wait for a slot, in the order in which they get one. */
export async function waitingForSlot(db: Database): Promise<string[]> {
  const query = db.selectFrom('jobs').select(['id', 'life']).where('state', '=', 'queued')
  const found = await query.where('deleting', '=', 0).orderBy('number').execute()
  return found.filter(({ life }) => (JSON.parse(life) as JobLife).waiting?.for === 'slot').map(({ id }) => id)
}

/** One page of jobs that are not being deleted, the newest first; `before` is the last id of the page before. */
export async function pageOfJobs(
  db: Database,
  filter: JobFilter & { before?: string | undefined },
  limit: number,
): Promise<StoredJob[]> {
  let query = matching(db, filter)
  const { before } = filter
  if (before) {
    query = query.where('number', '<', (from) =>
      from.selectFrom('jobs').select('number').where('id', '=', before),
    )
  }
  const found = await query.orderBy('number', 'desc').limit(limit).execute()
  return found.map(stored)
}

/** Those of the given jobs that match the filter and are not being deleted. */
export async function jobsAmong(
  db: Database,
  ids: readonly string[],
  filter: JobFilter,
): Promise<StoredJob[]> {
  const found = await matching(db, filter).where('id', 'in', ids).orderBy('number').execute()
  return found.map(stored)
}

function matching(
  db: Database,
  { states, labels = [], words = [] }: JobFilter,
): SelectQueryBuilder<Schema, 'jobs', Selectable<Schema['jobs']>> {
  let query = db.selectFrom('jobs').selectAll().where('deleting', '=', 0)
  if (states) query = query.where('state', 'in', states)
  for (const label of labels) {
    const [key = '', ...value] = label.split('=')
    query = query.where('id', 'in', (from) =>
      from.selectFrom('labels').select('job').where('key', '=', key).where('value', '=', value.join('=')),
    )
  }
  for (const word of words) {
    const pattern = `%${word.replaceAll(/[\\%_]/g, '\\$&')}%`
    query = query.where(sql<boolean>`text like ${pattern} escape '\\'`)
  }
  return query
}

/** What a text filter looks at. */
const searchedText = (id: string, { name, task }: Pick<JobRequest, 'name' | 'task'>): string =>
  `${id}\n${name ?? ''}\n${task.slice(0, limits.searchedText)}`.toLowerCase()

/** The ids of all jobs that are not being deleted, the oldest first. */
export async function jobIds(db: Database): Promise<string[]> {
  const query = db.selectFrom('jobs').select('id').where('deleting', '=', 0)
  return (await query.orderBy('number').execute()).map(({ id }) => id)
}

export async function countJobs(db: Database, states: readonly JobState[]): Promise<number> {
  const found = await db
    .selectFrom('jobs')
    .select((from) => from.fn.countAll<number>().as('count'))
    .where('state', 'in', states)
    .where('deleting', '=', 0)
    .executeTakeFirstOrThrow()
  return found.count
}

/** Forgets a job, within the caller's transaction. */
export async function deleteJobRows(db: Database, id: string): Promise<void> {
  await db.deleteFrom('events').where('job', '=', id).execute()
  await db.deleteFrom('labels').where('job', '=', id).execute()
  await db.deleteFrom('shares').where('job', '=', id).execute()
  await db.deleteFrom('prompts').where('job', '=', id).execute()
  await db.deleteFrom('jobs').where('id', '=', id).execute()
}

function row(job: Omit<StoredJob, 'number'>) {
  const holds = job.sandbox !== null || job.desktop !== 'closed' || job.life.previous !== null
  return {
    run: job.run,
    version: job.version,
    state: job.state,
    desktop: job.desktop,
    sandbox: job.sandbox,
    active: isFinal(job.state) && !holds && !job.deleting ? (0 as const) : (1 as const),
    deleting: job.deleting ? (1 as const) : (0 as const),
    life: JSON.stringify(job.life),
  }
}

function stored(found: Selectable<Schema['jobs']>): StoredJob {
  return {
    number: found.number,
    id: found.id,
    run: found.run,
    version: found.version,
    state: found.state,
    desktop: found.desktop,
    sandbox: found.sandbox,
    deleting: found.deleting === 1,
    request: JSON.parse(found.request) as JobRequest,
    life: JSON.parse(found.life) as JobLife,
  }
}
