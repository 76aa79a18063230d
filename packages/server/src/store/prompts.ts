import type { Database } from './schema.ts'

/** What a follow-up came with, so that the same one again is known. */
export type PromptKey = { key: string; hash: string }

/** The hash of the body that this key came with before; null where it is new to the job. */
export async function promptHash(db: Database, job: string, key: string): Promise<string | null> {
  const query = db.selectFrom('prompts').select('hash').where('job', '=', job).where('key', '=', key)
  return (await query.executeTakeFirst())?.hash ?? null
}

export async function insertPromptKey(db: Database, job: string, { key, hash }: PromptKey): Promise<void> {
  await db.insertInto('prompts').values({ job, key, hash }).execute()
}
