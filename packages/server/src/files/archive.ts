import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { createGzip } from 'node:zlib'
import { VitrineError } from '@vitrine/contract/error.ts'
import { limits } from '@vitrine/contract/limits.ts'
import type { FileEntry } from '@vitrine/contract/link.ts'
import { makeZip } from 'client-zip'
import { pack, type Pack } from 'tar-stream'
import { createArchiveNames } from './archive-names.ts'

export type ArchiveFile = FileEntry & {
  /** Throws `not_found` where the file has gone: the archive is made without it. */
  open(): Promise<Readable>
}

type OpenedFile = { name: string; bytes: number; modifiedAt: Date; stream: Readable }

/** A zip archive, made while it is read; one file is open at a time. Files are stored, not compressed; none gets longer. */
export function zip(files: AsyncIterable<ArchiveFile>): Readable {
  const opened = openEach(files)
  const archive = Readable.fromWeb(makeZip(zipEntries(opened)) as ReadableStream<Uint8Array>)
  archive.once('close', () => void opened.return()) // client-zip leaves its input open when it is canceled
  return archive
}

/**
 * A gzipped tar archive, made while it is read; one file is open at a time. A file whose length is not the announced one
 * any more is cut or filled with zeros, as GNU tar does, since its header has gone out before.
 */
export function tarGz(files: AsyncIterable<ArchiveFile>): Readable {
  const archive = pack()
  const gzip = createGzip({ level: 1 })
  fillTar(archive, openEach(files)).catch((error: Error) => archive.destroy(error))
  pipeline(Readable.from(archive), gzip).catch(() => {}) // it has destroyed gzip, which tells its reader
  return gzip
}

async function* openEach(files: AsyncIterable<ArchiveFile>): AsyncGenerator<OpenedFile, void, void> {
  const nameFor = createArchiveNames()
  for await (const file of files) {
    const stream = await openIfThere(file)
    if (!stream) continue
    try {
      yield {
        name: nameFor(file.path),
        bytes: Math.max(0, file.bytes),
        modifiedAt: dosTime(file.modifiedAt),
        stream,
      }
    } finally {
      stream.destroy()
    }
  }
}

async function openIfThere(file: ArchiveFile): Promise<Readable | null> {
  try {
    return await file.open()
  } catch (error) {
    if (error instanceof VitrineError && error.code === 'not_found') return null
    throw error
  }
}

/** Zip's times end at these years; a sandbox may have set any. */
function dosTime(time: string): Date {
  const [first, last] = [Date.UTC(1980, 0, 2), Date.UTC(2107, 11, 30)]
  return new Date(Math.min(last, Math.max(first, Date.parse(time) || 0)))
}

async function* zipEntries(files: AsyncIterable<OpenedFile>) {
  for await (const { name, bytes, modifiedAt, stream } of files)
    yield { name, lastModified: modifiedAt, input: upTo(bytes, stream) }
}

async function fillTar(archive: Pack, files: AsyncIterable<OpenedFile>): Promise<void> {
  for await (const { name, bytes, modifiedAt, stream } of files)
    await pipeline(exactly(bytes, stream, name), archive.entry({ name, size: bytes, mtime: modifiedAt }))
  archive.finalize()
}

async function* upTo(bytes: number, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, number, void> {
  let left = bytes
  for await (const chunk of chunks) {
    yield chunk.subarray(0, left)
    left -= Math.min(left, chunk.length)
    if (left === 0) break
  }
  return left
}

async function* exactly(bytes: number, chunks: AsyncIterable<Buffer>, name: string) {
  let missing = yield* upTo(bytes, chunks)
  if (missing > limits.fileBytes) throw new Error(`${name} has ${missing} bytes less than was announced`)
  for (const zeros = Buffer.alloc(64 * 1024); missing > 0; missing -= Math.min(missing, zeros.length))
    yield zeros.subarray(0, missing)
}
