import type { Moment } from '@vitrine/contract/share.ts'
import type { Selectable } from 'kysely'
import type { Database, Schema } from './schema.ts'

/** A share link as it is stored: the server keeps only its token’s hash. */
export type StoredShare = Omit<Schema['shares'], 'moment'> & { moment: Moment | null }

export async function insertShare(db: Database, share: StoredShare): Promise<void> {
  const moment = share.moment && JSON.stringify(share.moment)
  await db
    .insertInto('shares')
    .values({ ...share, moment })
    .execute()
}

/** The link with this token’s hash, if it is good at `at`. */
export async function findShare(db: Database, tokenHash: string, at: number): Promise<StoredShare | null> {
  const query = db
    .selectFrom('shares')
    .selectAll()
    .where('token_hash', '=', tokenHash)
    .where('expires_at', '>', at)
  const found = await query.executeTakeFirst()
  return found ? stored(found) : null
}

/** A job’s links that are good at `at`, the newest first. */
export async function sharesOf(db: Database, job: string, at: number): Promise<StoredShare[]> {
  const found = await db
    .selectFrom('shares')
    .selectAll()
    .where('job', '=', job)
    .where('expires_at', '>', at)
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .execute()
  return found.map(stored)
}

/** False where the job has no such link. */
export async function removeShare(db: Database, job: string, id: string): Promise<boolean> {
  const result = await db.deleteFrom('shares').where('job', '=', job).where('id', '=', id).executeTakeFirst()
  return result.numDeletedRows === 1n
}

export async function removeEndedShares(db: Database, at: number): Promise<void> {
  await db.deleteFrom('shares').where('expires_at', '<=', at).execute()
}

const stored = (found: Selectable<Schema['shares']>): StoredShare => ({
  ...found,
  moment: found.moment === null ? null : (JSON.parse(found.moment) as Moment),
})
