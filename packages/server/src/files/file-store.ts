import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { VitrineError } from '@vitrine/contract/error.ts'
import { JobId } from '@vitrine/contract/job.ts'
import type { FileList } from '@vitrine/contract/link.ts'
import {
  createIndexReader,
  orNull,
  removeUnused,
  replaceIndex,
  syncFolder,
  type KeptIndex,
} from './kept-index.ts'
import { receive, type FileSource } from './receive.ts'
import { inTurn } from './turns.ts'

export type FileStore = {
  /**
   * Keeps what a run left behind, in the place of what was kept of it before; that stays as it is until all is on disk.
   * Throws `storage_full` where there is no room, and what `source` throws when it cannot be reached.
   */
  keep(
    job: string,
    run: number,
    source: FileSource,
    signal: AbortSignal,
  ): Promise<{ files: number; bytes: number; skipped: string[] }>
  /** Null where nothing was kept of this run. */
  list(job: string, run: number): Promise<FileList | null>
  /** Null where no such file was kept. */
  read(job: string, run: number, path: string): Promise<{ stream: Readable; bytes: number } | null>
  /** Removes all that was kept of a job. */
  remove(job: string): Promise<void>
  /** Removes what a server that was killed has left of all but these jobs. */
  keepOnly(jobs: readonly string[]): Promise<void>
}

/** Keeps files below `root`, which no other process may write: `<job>/<run>/index.json` and numbered files beside it. */
export function folderStore(root: string): FileStore {
  const turn = inTurn()
  const readIndex = createIndexReader()

  return {
    keep: (job, run, source, signal) =>
      turn(job, async () => {
        const { files, skipped } = await keepVersion(root, runFolder(root, job, run), source, signal)
        return {
          files: files.length,
          bytes: files.reduce((sum, file) => sum + file.bytes, 0),
          skipped: skipped.map(({ path, why }) => `${path}: ${why}`),
        }
      }),

    async list(job, run) {
      const index = await readIndex(runFolder(root, job, run))
      return index && { files: index.files, skipped: index.skipped }
    },

    async read(job, run, path) {
      const folder = runFolder(root, job, run)
      for (let missing: string | null = null; ;) {
        const index = await readIndex(folder)
        const number = index?.files.findIndex((file) => file.path === path) ?? -1
        if (!index || number < 0) return null
        const blob = join(folder, index.version, String(number))
        const file = await openBlob(blob)
        if (file) return file
        if (missing === blob) throw new Error(`${blob} is missing, though ${folder} has it in its index.`)
        missing = blob // a newer version may have taken its place in between
      }
    },

    remove: (job) => turn(job, () => rm(jobFolder(root, job), { recursive: true, force: true })),

    async keepOnly(jobs) {
      const kept = new Set(jobs)
      for (const job of (await orNull(readdir(root))) ?? []) {
        if (!kept.has(job)) await rm(join(root, job), { recursive: true, force: true })
      }
    },
  }
}

function jobFolder(root: string, job: string): string {
  if (!JobId.safeParse(job).success) throw new Error(`${JSON.stringify(job)} is not a job’s id.`)
  return join(root, job)
}

function runFolder(root: string, job: string, run: number): string {
  if (!Number.isSafeInteger(run) || run < 1) throw new Error(`${run} is not the number of a run.`)
  return join(jobFolder(root, job), String(run))
}

/** Writes a new version beside the present one, then the index that names it: a crash leaves the one or the other. */
async function keepVersion(
  root: string,
  folder: string,
  source: FileSource,
  signal: AbortSignal,
): Promise<KeptIndex> {
  const version = randomUUID()
  try {
    await mkdir(join(folder, version), { recursive: true, mode: 0o700 })
    const index = { version, ...(await receive(source, join(folder, version), signal)) }
    for (const parent of [root, join(folder, '..')]) await syncFolder(parent)
    await replaceIndex(folder, index)
    return index
  } catch (error) {
    if (!isFull(error)) throw error
    throw new VitrineError('storage_full', `There is no room for the job’s files below ${root}; free some.`)
  } finally {
    await orNull(removeUnused(folder))
  }
}

const isFull = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')

/** Null where the file has gone. */
async function openBlob(path: string): Promise<{ stream: Readable; bytes: number } | null> {
  const handle = await orNull(open(path, 'r'))
  return handle && { bytes: (await handle.stat()).size, stream: handle.createReadStream() }
}
