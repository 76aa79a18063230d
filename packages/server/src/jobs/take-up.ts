import type { DesktopPorts } from '../desktops/ports.ts'
import type { FileStore } from '../files/file-store.ts'
import type { Links } from '../links/links.ts'
import { activeJobs, jobIds, type StoredJob } from '../store/jobs.ts'
import type { Database } from '../store/schema.ts'

export type Left = { db: Database; links: Links; files: FileStore; ports: DesktopPorts }

/**
 * Takes up again what jobs held before this server started: their sockets, on which agents dial again, and their ports.
 * Whatever else the server before left is removed.
 */
export async function takeUp({ db, links, files, ports }: Left): Promise<void> {
  const active = await activeJobs(db)
  await links.keepOnly(active.flatMap(heldBy))
  await files.keepOnly(await jobIds(db))
  for (const job of active) {
    for (const sandbox of heldBy(job)) await links.listen(sandbox)
    const { desktopPort } = job.life
    if (desktopPort !== null) await ports.restore(job.id, desktopPort)
  }
}

const heldBy = ({ sandbox, life }: StoredJob) =>
  [sandbox, life.previous?.sandbox].filter((held) => typeof held === 'string')
