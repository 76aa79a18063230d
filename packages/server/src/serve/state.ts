import { join } from 'node:path'
import { readToken } from '../api/access.ts'
import { EventLog, type Store } from '../events/event-log.ts'
import { folderStore, type FileStore } from '../files/file-store.ts'
import { newId } from '../jobs/id.ts'
import { followMovedClock } from '../jobs/moved-clock.ts'
import { lockState, makeStateDirectory } from '../state-lock.ts'
import { setting } from '../store/settings.ts'
import { openSqlite } from '../store/sqlite.ts'

export type State = {
  store: Store
  files: FileStore
  /** The owner's. */
  token: string
  /** What marks this server's sandboxes. */
  installation: string
}

/** Takes the state directory for this process, and opens what is kept in it. */
export async function openState(stateDir: string, stack: AsyncDisposableStack): Promise<State> {
  await makeStateDirectory(stateDir)
  stack.use(await lockState(stateDir))
  const db = await openSqlite(join(stateDir, 'vitrine.db'))
  stack.defer(() => db.destroy())
  await followMovedClock(db)
  return {
    store: { db, events: new EventLog(db) },
    files: folderStore(join(stateDir, 'files')),
    token: await readToken(stateDir),
    installation: await setting(db, 'installation', newId('sbx').slice('sbx-'.length)),
  }
}
