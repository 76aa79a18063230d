import type { FileEntry } from '@vitrine/contract/link.ts'
import type { FileStore } from '../files/file-store.ts'
import type { Link } from '../links/link.ts'
import type { StoredJob } from '../store/jobs.ts'
import { latestKept } from './kept.ts'
import { recordsOf } from './recorded.ts'

const putMilliseconds = 60_000

/** Puts the job's kept files into a sandbox, for its desktop to be opened again. */
export async function putFilesBack(files: FileStore, job: StoredJob, link: Link, signal: AbortSignal) {
  const kept = await latestKept(files, job)
  if (kept) await put(files, job.id, kept.run, kept.list.files, link, signal)
}

/** Puts what a run is to repeat into its sandbox: the earlier run's own records, and the account of the runs up to it. */
export async function putRecordsBack(files: FileStore, job: StoredJob, link: Link, signal: AbortSignal) {
  if (!job.life.repeats) return
  const { run } = job.life.repeats
  const list = await files.list(job.id, run)
  const isRecord = (path: string) => path.startsWith(recordsOf(run)) || path === '.vitrine/job.json'
  const records = list?.files.filter(({ path }) => isRecord(path)) ?? []
  await put(files, job.id, run, records, link, signal)
}

async function put(
  files: FileStore,
  job: string,
  run: number,
  kept: readonly FileEntry[],
  link: Link,
  signal: AbortSignal,
): Promise<void> {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(putMilliseconds)])
  for (const { path } of kept) {
    const file = await files.read(job, run, path)
    if (file) await link.writeFile(path, file.stream, bounded)
  }
}
