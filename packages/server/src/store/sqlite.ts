import { DatabaseSync } from 'node:sqlite'
import { VitrineError } from '@vitrine/contract/error.ts'
import { Kysely, SqliteDialect } from 'kysely'
import { Migrator } from 'kysely/migration'
import { migrations } from './migrations.ts'
import type { Database, Schema } from './schema.ts'

/**
 * Opens the SQLite store at `path` (`:memory:` for a passing one) and brings it to the present schema. Every commit is
 * on the disk before it is acknowledged (WAL, synchronous=FULL).
 */
export async function openSqlite(path: string): Promise<Database> {
  const connection = new DatabaseSync(path)
  connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000')
  const db = new Kysely<Schema>({ dialect: new SqliteDialect({ database: asKyselyExpects(connection) }) })
  const { error } = await new Migrator({
    db,
    provider: { getMigrations: async () => migrations },
  }).migrateToLatest()
  if (error) {
    await db.destroy()
    throw new Error(
      `The store ${path} can't be used by this version of Vitrine: ${(error as Error).message}. ` +
        'Run the version that wrote it, or move the file away to start anew.',
      { cause: error },
    )
  }
  return db
}

/** More than there are different statements; lists of values of many lengths could go on for ever. */
const mostStatements = 500

/**
 * Kysely asks for better-sqlite3's shape; node:sqlite differs in how it takes parameters and names readers. Kysely prepares
 * a statement each time that it runs one: here the same text is prepared once.
 */
function asKyselyExpects(connection: DatabaseSync) {
  const statements = new Map<string, ReturnType<typeof prepared>>()
  return {
    close: () => connection.close(),
    prepare(sql: string) {
      if (statements.size >= mostStatements) statements.clear()
      // Where the disk is full SQLite has rolled back by itself, and the error of a second rollback would hide that one.
      const isOver = sql === 'rollback' && !connection.isTransaction
      const wanted = isOver ? 'select 1 where false' : sql
      return statements.getOrInsertComputed(wanted, () => prepared(connection, wanted))
    },
  }
}

function prepared(connection: DatabaseSync, sql: string) {
  const statement = connection.prepare(sql)
  type Values = Parameters<typeof statement.all>
  return {
    reader: statement.columns().length > 0,
    all: (values: readonly unknown[]) => translate(() => statement.all(...(values as Values))),
    iterate: (values: readonly unknown[]) => statement.iterate(...(values as Values)),
    run: (values: readonly unknown[]) => translate(() => statement.run(...(values as Values))),
  }
}

const sqliteFull = 13
const sqliteReadOnly = 8
const sqliteIoError = 10

function translate<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0
    if (code === sqliteFull || code === sqliteReadOnly || code === sqliteIoError) {
      throw new VitrineError('storage_full', `The state directory can't be written to: ${String(error)}.`)
    }
    throw error
  }
}
