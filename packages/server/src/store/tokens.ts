import type { Database, Schema } from './schema.ts'

/** An API token as it is stored: the server keeps only its hash. */
export type StoredToken = Schema['tokens']

export async function insertToken(db: Database, token: StoredToken): Promise<void> {
  await db.insertInto('tokens').values(token).execute()
}

/** The token with this hash, if it is good at `at`. */
export async function findToken(db: Database, hash: string, at: number): Promise<StoredToken | null> {
  const query = db
    .selectFrom('tokens')
    .selectAll()
    .where('hash', '=', hash)
    .where((or) => or.or([or('expires_at', 'is', null), or('expires_at', '>', at)]))
  return (await query.executeTakeFirst()) ?? null
}

/** All of them, the newest first, those whose time is over included. */
export function allTokens(db: Database): Promise<StoredToken[]> {
  return db.selectFrom('tokens').selectAll().orderBy('created_at', 'desc').orderBy('id').execute()
}

export async function noteTokenUse(db: Database, id: string, at: number): Promise<void> {
  await db.updateTable('tokens').set({ used_at: at }).where('id', '=', id).execute()
}

/** False where there is no such token. */
export async function removeToken(db: Database, id: string): Promise<boolean> {
  const result = await db.deleteFrom('tokens').where('id', '=', id).executeTakeFirst()
  return result.numDeletedRows === 1n
}
