import { mkdtemp, rm } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { storeConformance } from './conformance.ts'
import { storedJob } from './testing/stored-job.ts'
import { findJob, insertJob } from './jobs.ts'
import { migrations } from './migrations.ts'
import type { JobRequest } from './schema.ts'
import { openSqlite } from './sqlite.ts'

storeConformance('SQLite', () => openSqlite(':memory:'))

test('jobs that a version without egress stored reach nothing', async () => {
  const db = await openSqlite(':memory:')
  const { egress: _, ...request } = storedJob().request
  await insertJob(db, { ...storedJob(), request: request as JobRequest }, null)
  await migrations['008-egress']!.up(db)
  expect((await findJob(db, storedJob().id))?.request).toEqual({ ...request, egress: [] })
  await db.destroy()
})

test('a store that a later version wrote is refused with what to do', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vitrine-store-'))
  const path = join(folder, 'vitrine.db')
  const db = await openSqlite(path)
  await db.destroy()
  const later = new DatabaseSync(path)
  later.exec("INSERT INTO kysely_migration (name, timestamp) VALUES ('999-later', '2030-01-01')")
  later.close()
  await expect(openSqlite(path)).rejects.toThrow(/can't be used by this version of Vitrine/)
  await rm(folder, { recursive: true })
})
