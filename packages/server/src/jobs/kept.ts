import type { FileList } from '@vitrine/contract/link.ts'
import type { FileStore } from '../files/file-store.ts'
import type { StoredJob } from '../store/jobs.ts'

/** The kept files of a job's newest run that has any. */
export async function latestKept(
  files: FileStore,
  job: StoredJob,
): Promise<{ run: number; list: FileList } | null> {
  for (let run = job.run; run > 0; run--) {
    const list = await files.list(job.id, run)
    if (list) return { run, list }
  }
  return null
}
