import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CliError } from '../exit.ts'

/** Bytes that are free for this user where `path` is, or will be. */
export async function freeBytes(path: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(path)
    return bavail * bsize
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || path === dirname(path)) throw error
    return freeBytes(dirname(path))
  }
}

/** Throws unless so many MiB are free at `path`, for `what`. */
export async function needRoom(path: string, mebibytes: number, what: string): Promise<void> {
  const free = Math.floor((await freeBytes(path)) / 2 ** 20)
  if (free >= mebibytes) return
  throw new CliError(
    'trouble',
    `${what} needs ${mebibytes} MiB at ${path}, and ${free} MiB are free. Make room, then try again.`,
  )
}
