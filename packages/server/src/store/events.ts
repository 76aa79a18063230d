import type { EventBody, JobEvent } from '@vitrine/contract/event.ts'
import { sql } from 'kysely'
import type { Database } from './schema.ts'

/** Appends events to a job's log, numbered on from its last. */
export async function appendEvents(
  db: Database,
  job: string,
  run: number,
  at: number,
  bodies: readonly EventBody[],
): Promise<void> {
  const { last } = await db
    .selectFrom('events')
    .select((from) => from.fn.max('seq').as('last'))
    .where('job', '=', job)
    .executeTakeFirstOrThrow()
  const first = (last ?? 0) + 1
  // SQLite takes at most 32,766 values in a statement.
  for (let from = 0; from < bodies.length; from += 1000) {
    const rows = bodies.slice(from, from + 1000).map(({ type, data }, index) => ({
      job,
      seq: first + from + index,
      at,
      run,
      type,
      data: JSON.stringify(data),
    }))
    await db.insertInto('events').values(rows).execute()
  }
}

/** At most `limit` events after number `after`, in order. */
export async function eventsAfter(
  db: Database,
  job: string,
  after: number,
  limit: number,
): Promise<JobEvent[]> {
  const rows = await db
    .selectFrom('events')
    .selectAll()
    .where('job', '=', job)
    .where('seq', '>', after)
    .orderBy('seq')
    .limit(limit)
    .execute()
  return rows.map(
    ({ seq, at, run, type, data }) =>
      ({ seq, at: new Date(at).toISOString(), run, type, data: JSON.parse(data) }) as JobEvent,
  )
}

/** The runs of a job that have an event of this type. */
export async function runsWith(db: Database, job: string, type: JobEvent['type']): Promise<number[]> {
  const query = db
    .selectFrom('events')
    .select('run')
    .distinct()
    .where('job', '=', job)
    .where('type', '=', type)
  return (await query.execute()).map(({ run }) => run)
}

/** How many characters of what a job’s terminals printed are stored. */
export async function printedCharacters(db: Database, job: string): Promise<number> {
  const found = await db
    .selectFrom('events')
    .select(sql<number>`coalesce(sum(length(data)), 0)`.as('characters'))
    .where('job', '=', job)
    .where('type', '=', 'terminal.output')
    .executeTakeFirstOrThrow()
  return found.characters
}
