import type { Database } from './schema.ts'

/** The setting's value; the first call stores `initial`. */
export async function setting(db: Database, name: string, initial: string): Promise<string> {
  await db
    .insertInto('settings')
    .values({ name, value: initial })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute()
  const { value } = await db
    .selectFrom('settings')
    .select('value')
    .where('name', '=', name)
    .executeTakeFirstOrThrow()
  return value
}

export async function findSetting(db: Database, name: string): Promise<string | null> {
  const query = db.selectFrom('settings').select('value').where('name', '=', name)
  return (await query.executeTakeFirst())?.value ?? null
}

export async function storeSetting(db: Database, name: string, value: string): Promise<void> {
  await db
    .insertInto('settings')
    .values({ name, value })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
    .execute()
}
