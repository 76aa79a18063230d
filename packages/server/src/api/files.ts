import { Readable } from 'node:stream'
import { VitrineError } from '@vitrine/contract/error.ts'
import { limits } from '@vitrine/contract/limits.ts'
import type { FileEntry, FileList } from '@vitrine/contract/link.ts'
import { tarGz, zip } from '../files/archive.ts'
import { attachment } from '../files/download.ts'
import type { FileStore } from '../files/file-store.ts'
import type { Jobs } from '../jobs/jobs.ts'
import { latestKept } from '../jobs/kept.ts'
import type { Links } from '../links/links.ts'
import type { StoredJob } from '../store/jobs.ts'
import type { Handlers } from './bind.ts'

/** A job's files where they are now: in its live sandbox, else in the store. */
type Source = { list: FileList; open: (path: string) => Promise<Readable> }

export function fileRoutes(
  jobs: Jobs,
  links: Links,
  files: FileStore,
): Pick<Handlers, 'listFiles' | 'readFile' | 'writeFile' | 'readZip' | 'readTar'> {
  async function source(job: StoredJob, signal: AbortSignal): Promise<Source> {
    const link = job.desktop === 'live' && job.sandbox ? links.find(job.sandbox) : null
    if (link) return { list: await link.files(signal), open: (path) => link.readFile(path, signal) }
    const kept = await latestKept(files, job)
    if (!kept)
      return { list: { files: [], skipped: [] }, open: async (path) => Promise.reject(noFile(job, path)) }
    const open = async (path: string) => {
      const file = await files.read(job.id, kept.run, path)
      if (!file) throw noFile(job, path)
      return file.stream
    }
    return { list: kept.list, open }
  }

  async function archive(
    id: string,
    signal: AbortSignal,
    pack: typeof zip,
    ending: 'zip' | 'tar.gz',
    type: string,
  ): Promise<Response> {
    const { list, open } = await source(await jobs.get(id), signal)
    return download(pack(entries(list.files, open)), `${id}.${ending}`, type)
  }

  return {
    listFiles: async ({ params, request }) => (await source(await jobs.get(params.id), request.signal)).list,
    readFile: async ({ params: { id, path }, request }) => {
      const job = await jobs.get(id)
      const { list, open } = await source(job, request.signal)
      if (!list.files.some((file) => file.path === path)) throw noFile(job, path)
      return download(await open(path), path.slice(path.lastIndexOf('/') + 1), 'application/octet-stream')
    },
    writeFile: async ({ params: { id, path }, request }) => {
      const { desktop, sandbox } = await jobs.get(id)
      if (desktop !== 'live' || !sandbox) {
        const message = `Files can be put while the desktop is live; the desktop of job ${id} is ${desktop}.`
        throw new VitrineError('conflict', message)
      }
      const link = links.find(sandbox)
      if (!link) throw new VitrineError('unavailable', `The sandbox of job ${id} does not answer now.`)
      if (Number(request.headers.get('content-length')) > limits.fileBytes) throw tooLarge()
      await link.writeFile(path, Readable.from(bounded(request)), request.signal)
    },
    readZip: ({ params, request }) => archive(params.id, request.signal, zip, 'zip', 'application/zip'),
    readTar: ({ params, request }) => archive(params.id, request.signal, tarGz, 'tar.gz', 'application/gzip'),
  }
}

async function* entries(list: readonly FileEntry[], open: Source['open']) {
  for (const file of list) yield { ...file, open: () => open(file.path) }
}

function download(stream: Readable, name: string, type: string): Response {
  const headers = {
    'content-type': type,
    'content-disposition': attachment(name),
    'cache-control': 'no-store',
  }
  return new Response(Readable.toWeb(stream) as ReadableStream<Uint8Array>, { headers })
}

async function* bounded(request: Request): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length
    if (bytes > limits.fileBytes) throw tooLarge()
    yield chunk
  }
}

const tooLarge = () => new VitrineError('too_large', `A file may have ${limits.fileBytes} bytes at most.`)

const noFile = (job: StoredJob, path: string) =>
  new VitrineError('not_found', `Job ${job.id} has no file ${JSON.stringify(path.slice(0, 200))}.`)
