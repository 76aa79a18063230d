import { open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FileList } from '@vitrine/contract/link.ts'
import { z } from 'zod'

/** What a run's folder holds now: `version` names the folder beside the index in which file n of the list is called n. */
const KeptIndex = FileList.extend({ version: z.uuid() })
export type KeptIndex = z.infer<typeof KeptIndex>

const fileName = 'index.json'
const parsedAtMost = 4

/**
 * Reads the index of a run's folder; null where nothing was kept. An archive asks for each of thousands of files, so the
 * last few stay parsed until their file is another one.
 */
export function createIndexReader(): (folder: string) => Promise<KeptIndex | null> {
  const parsed = new Map<string, { stamp: string; index: KeptIndex }>()
  return async (folder) => {
    const stamp = await stampOf(join(folder, fileName))
    if (stamp === null) return null
    const known = parsed.get(folder)
    const index = known?.stamp === stamp ? known.index : await readIndex(folder)
    parsed.delete(folder)
    if (index) parsed.set(folder, { stamp, index })
    for (const oldest of parsed.keys()) if (parsed.size > parsedAtMost) parsed.delete(oldest)
    return index
  }
}

const stampOf = async (path: string) =>
  orNull(stat(path, { bigint: true }).then(({ ino, mtimeNs }) => `${ino} ${mtimeNs}`))

async function readIndex(folder: string): Promise<KeptIndex | null> {
  const text = await orNull(readFile(join(folder, fileName), 'utf8'))
  return text === null ? null : KeptIndex.parse(JSON.parse(text))
}

/** Writes the index of a version whose files are on disk, and puts it in the place of the present one in one step. */
export async function replaceIndex(folder: string, index: KeptIndex): Promise<void> {
  const prepared = join(folder, `${index.version}.json`)
  await writeFile(prepared, JSON.stringify(index), { mode: 0o600, flush: true })
  await syncFolder(join(folder, index.version))
  await rename(prepared, join(folder, fileName))
  await syncFolder(folder)
}

/** Removes what the index does not name: older versions, and what a crash or a failure left half-made. */
export async function removeUnused(folder: string): Promise<void> {
  const version = (await readIndex(folder))?.version
  const unused = (await readdir(folder)).filter((entry) => entry !== fileName && entry !== version)
  for (const entry of unused) await rm(join(folder, entry), { recursive: true, force: true })
}

/** New names in a folder outlive a power cut only when the folder itself was synced. */
export async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r')
  await handle.sync()
}

/** Null instead of an error where a file does not exist. */
export async function orNull<T>(found: Promise<T>): Promise<T | null> {
  return found.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
}
