import { constants } from 'node:fs'
import { mkdir, open, type FileHandle } from 'node:fs/promises'
import { output } from '../places.ts'

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants

/** Why a path was refused, in words that can be shown. */
export class Refused extends Error {}

/** The parts of a relative path under /output; throws `Refused` for one that is absolute, climbs or is empty. */
export function pathParts(path: string): string[] {
  const parts = path.split('/')
  const bad = parts.some((part) => part === '' || part === '.' || part === '..' || part.includes('\0'))
  if (bad || path.length > 4096) throw new Refused(`${JSON.stringify(path)} is no path under ${output}`)
  return parts
}

/**
 * Opens a folder under /output, one component at a time and never through a symbolic link: each is opened relative to
 * its parent's descriptor, so that swapping a folder for a link meanwhile changes nothing.
 */
export async function openFolder(parts: readonly string[], create = false): Promise<FileHandle> {
  let folder = await open(output, O_RDONLY | O_DIRECTORY)
  for (const part of parts) {
    const parent = folder
    try {
      if (create) await mkdir(inside(parent, part)).catch(exists)
      folder = await open(inside(parent, part), O_RDONLY | O_DIRECTORY | O_NOFOLLOW).catch(refuse(part))
    } finally {
      await parent.close()
    }
  }
  return folder
}

/** The path of an entry, resolved by the kernel from the folder's descriptor and not from its name. */
export function inside(folder: FileHandle, name: string): string {
  return `/proc/self/fd/${folder.fd}/${name}`
}

/** Turns the errors that an entry's kind causes into `Refused`. */
export function refuse(name: string): (error: NodeJS.ErrnoException) => never {
  return (error) => {
    const why = refusals[error.code ?? '']
    if (why) throw new Refused(`${name} ${why}`)
    throw error
  }
}

const refusals: Record<string, string> = {
  ELOOP: 'is a symbolic link',
  ENOTDIR: 'is no folder, or a symbolic link',
  EISDIR: 'is a folder',
  ENOENT: 'does not exist',
  ENXIO: 'is no regular file',
  EACCES: 'may not be read',
  EPERM: 'may not be changed',
  ENAMETOOLONG: 'has too long a name',
}

function exists(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}
