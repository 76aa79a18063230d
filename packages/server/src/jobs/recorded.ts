import type { FileStore } from '../files/file-store.ts'
import { runsWith } from '../store/events.ts'
import type { StoredJob } from '../store/jobs.ts'
import type { Database } from '../store/schema.ts'
import type { Agents } from './agents.ts'

type Parts = { db: Database; files: FileStore; agents: Agents; signal: AbortSignal }

/**
 * The newest run of a job's task whose records are kept; null where there is none. What the last run left in a sandbox
 * that is live is kept first. Follow-ups are not repeated: they went on with what a person may have changed.
 */
export async function recordedRun(
  { db, files, agents, signal }: Parts,
  job: StoredJob,
): Promise<number | null> {
  const followUps = new Set(await runsWith(db, job.id, 'job.prompted'))
  for (let run = job.run; run > 0; run--) {
    if (followUps.has(run)) continue
    const isKept = async () => hasRecords(await files.list(job.id, run), run)
    if (await isKept()) return run
    if (run !== job.run || job.sandbox === null) continue
    await agents.keepFiles(job.sandbox, job.id, run, signal)
    if (await isKept()) return run
  }
  return null
}

/** Where an agent keeps what belongs to a run. */
export const recordsOf = (run: number) => `.vitrine/run-${run}/`

const hasRecords = (list: { files: readonly { path: string }[] } | null, run: number) =>
  list?.files.some(({ path }) => path === `${recordsOf(run)}candidate-1/candidate.json`) ?? false
