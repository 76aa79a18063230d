import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { addAbortSignal, type Readable } from 'node:stream'
import { VitrineError } from '@vitrine/contract/error.ts'
import { limits } from '@vitrine/contract/limits.ts'
import type { FileEntry, FileList } from '@vitrine/contract/link.ts'
import { whyNotKept } from './kept-path.ts'

/**
 * Files of a sandbox; nothing that it tells is trusted. `read` throws `not_found` for a file that has gone; any other
 * error means that the source cannot be reached.
 */
export type FileSource = { list(): Promise<FileList>; read(path: string): Promise<Readable> }

type Skipped = FileList['skipped'][number]

const namedSkipped = 100
const namedCharacters = 200
const mebibytes = (bytes: number) => `${bytes / 1024 / 1024} MiB`

/**
 * Copies the files of `source` to `folder`, as `0`, `1`, … in the order of the returned list, on disk when this returns.
 * Holds the contract's limits against what arrives, not against what was announced; the rest is skipped and named.
 */
export async function receive(source: FileSource, folder: string, signal: AbortSignal): Promise<FileList> {
  const listed = await source.list()
  const files = new Map<string, FileEntry>()
  const skipped = [...listed.skipped]
  let room: number = limits.filesBytes

  for (const entry of listed.files) {
    signal.throwIfAborted()
    const why = files.has(entry.path) ? 'it was listed twice' : whySkipped(entry, files.size, room)
    const copied =
      why === null ? await copy(source, entry.path, join(folder, String(files.size)), room, signal) : { why }
    if ('why' in copied) skipped.push({ path: entry.path, why: copied.why })
    else {
      files.set(entry.path, { ...entry, bytes: copied.bytes })
      room -= copied.bytes
    }
  }
  return { files: [...files.values()], skipped: shortened(skipped) }
}

function whySkipped({ path, bytes }: FileEntry, kept: number, room: number): string | null {
  if (kept >= limits.files) return `only ${limits.files} files are kept`
  return whyNotKept(path) ?? whyTooLarge(bytes, room)
}

function whyTooLarge(bytes: number, room: number): string | null {
  if (bytes > limits.fileBytes) return `it is larger than ${mebibytes(limits.fileBytes)}`
  return bytes > room ? `only ${mebibytes(limits.filesBytes)} in all are kept` : null
}

type Copied = { bytes: number } | { why: string }

/** A file that breaks off is tried once more: where the source itself is gone, that attempt throws. */
async function copy(
  source: FileSource,
  path: string,
  to: string,
  room: number,
  signal: AbortSignal,
): Promise<Copied> {
  const first = await copyOnce(source, path, to, room, signal)
  const copied = first === 'broken' ? await copyOnce(source, path, to, room, signal) : first
  return copied === 'broken' ? { why: 'it broke off while it was read' } : copied
}

async function copyOnce(
  source: FileSource,
  path: string,
  to: string,
  room: number,
  signal: AbortSignal,
): Promise<Copied | 'broken'> {
  const stream = await source.read(path).catch((error: unknown) => {
    if (error instanceof VitrineError && error.code === 'not_found') return null
    throw error
  })
  if (!stream) return { why: 'it was gone when it was to be read' }
  addAbortSignal(signal, stream) // writeFile does not look at its signal while it waits for a chunk
  let bytes = 0
  let broken = false
  async function* untilTooLarge(from: AsyncIterable<Buffer>) {
    try {
      for await (const chunk of from) {
        bytes += chunk.length
        if (whyTooLarge(bytes, room) !== null) return
        yield chunk
      }
    } catch {
      broken = true
    }
  }
  await writeFile(to, untilTooLarge(stream), { mode: 0o600, flush: true })
  signal.throwIfAborted()
  if (broken) return 'broken'
  const why = whyTooLarge(bytes, room)
  return why === null ? { bytes } : { why }
}

/** 100,000 hostile names must not fill the index. */
function shortened(skipped: Skipped[]): Skipped[] {
  const named = skipped.slice(0, namedSkipped).map(({ path, why }) => ({
    path: path.slice(0, namedCharacters).toWellFormed(),
    why: why.slice(0, namedCharacters),
  }))
  const more = skipped.length - named.length
  return more > 0 ? [...named, { path: '…', why: `${more} more were skipped` }] : named
}
