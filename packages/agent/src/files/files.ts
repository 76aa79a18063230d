import { randomUUID } from 'node:crypto'
import { constants, type Dirent, type Stats } from 'node:fs'
import { lstat, open, readdir, rename, unlink } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { limits } from '@vitrine/contract/limits.ts'
import type { FileList } from '@vitrine/contract/link.ts'
import { inside, openFolder, pathParts, refuse, Refused } from './confined.ts'

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants
const skippedNames = 200
const pathBytes = 1024

/**
 * The regular files under /output, upper folders first, within the limits of the contract. Links, FIFOs, sockets,
 * devices and what is over a limit are named in `skipped`.
 */
export async function listFiles(): Promise<FileList> {
  const list: FileList = { files: [], skipped: [] }
  const folders: string[][] = [[]]
  let room: number = limits.filesBytes
  let left = 0
  const skip = (path: string, why: string) => {
    if (list.skipped.length < skippedNames) list.skipped.push({ path, why })
    else left += 1
  }
  for (let parts = folders.shift(); parts; parts = folders.shift()) {
    for (const { name, path, stats, unreadable } of await entries(parts, skip)) {
      const full = list.files.length >= limits.files
      if (full && folders.length === 0 && left > limits.files) break
      if (!stats) skip(path, unreadable)
      else if (stats.isDirectory() && !full) folders.push([...parts, name])
      else if (!stats.isFile()) skip(path, stats.isDirectory() ? 'is beyond the limit of files' : kind(stats))
      else if (full) skip(path, `is beyond the limit of ${limits.files} files`)
      else if (stats.size > limits.fileBytes) skip(path, `is larger than ${limits.fileBytes} bytes`)
      else if (stats.size > room) skip(path, `does not fit into ${limits.filesBytes} bytes for all files`)
      else {
        room -= stats.size
        list.files.push({ path, bytes: stats.size, modifiedAt: stats.mtime.toISOString() })
      }
    }
  }
  if (left > 0) list.skipped.push({ path: '…', why: `and ${left} more were passed over` })
  return list
}

/** A regular file's bytes as they are when it is opened, or why it is none that can be read. */
export async function readOutput(
  path: string,
): Promise<{ bytes: number; content: Readable } | { refused: string }> {
  try {
    const parts = pathParts(path)
    const name = parts.pop() ?? ''
    await using folder = await openFolder(parts)
    // Not blocking: opening a FIFO would wait for a writer.
    const file = await open(inside(folder, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(refuse(name))
    const stats = await file.stat()
    if (!stats.isFile() || stats.size > limits.fileBytes) {
      await file.close()
      const why = stats.isFile() ? `is larger than ${limits.fileBytes} bytes` : kind(stats)
      return { refused: `${name} ${why}` }
    }
    const end = Math.max(0, stats.size - 1)
    const content = file.createReadStream({ start: 0, end })
    return { bytes: stats.size, content }
  } catch (error) {
    if (error instanceof Refused) return { refused: error.message }
    throw error
  }
}

/** Writes a file under /output in one step: it is there whole, or not at all. Answers why it was refused, if it was. */
export async function writeOutput(
  path: string,
  content: Iterable<Buffer> | AsyncIterable<Buffer>,
): Promise<string | undefined> {
  try {
    const parts = pathParts(path)
    const name = parts.pop() ?? ''
    await using folder = await openFolder(parts, true)
    const part = inside(folder, `.${randomUUID()}.part`)
    try {
      const file = await open(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644)
      try {
        let bytes = 0
        for await (const chunk of content) {
          bytes += chunk.length
          if (bytes > limits.fileBytes) throw new Refused(`${name} is larger than ${limits.fileBytes} bytes`)
          await file.writeFile(chunk)
        }
      } finally {
        await file.close()
      }
      await rename(part, inside(folder, name)).catch(refuse(name))
    } catch (error) {
      await unlink(part).catch(() => {})
      throw error
    }
    return undefined
  } catch (error) {
    if (error instanceof Refused) return error.message
    throw error
  }
}

type Entry = { name: string; path: string; stats: Stats | undefined; unreadable: string }

/** A folder's entries in the order of their names. */
async function* entriesOf(parts: string[], skip: (path: string, why: string) => void): AsyncGenerator<Entry> {
  await using folder = await openFolder(parts)
  const found: Dirent<Buffer>[] = await readdir(inside(folder, '.'), {
    withFileTypes: true,
    encoding: 'buffer',
  })
  for (const { name: raw } of found.toSorted((a, b) => Buffer.compare(a.name, b.name))) {
    const name = raw.toString('utf8')
    const path = [...parts, name].join('/')
    if (!raw.equals(Buffer.from(name))) skip(path, 'has a name that is no UTF-8')
    else if (Buffer.byteLength(path) > pathBytes)
      skip(`${path.slice(0, 200)}…`, `has a path over ${pathBytes} bytes`)
    else {
      const stats = await lstat(inside(folder, name)).catch(() => undefined)
      yield { name, path, stats, unreadable: 'is gone' }
    }
  }
}

async function entries(parts: string[], skip: (path: string, why: string) => void): Promise<Entry[]> {
  try {
    return await Array.fromAsync(entriesOf(parts, skip))
  } catch (error) {
    skip(parts.join('/'), error instanceof Error ? error.message : String(error))
    return []
  }
}

function kind(stats: Stats): string {
  if (stats.isSymbolicLink()) return 'is a symbolic link'
  if (stats.isFIFO()) return 'is a FIFO'
  if (stats.isSocket()) return 'is a socket'
  return 'is no regular file'
}
