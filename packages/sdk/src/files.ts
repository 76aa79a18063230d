import type { FileList } from '@vitrine/contract/link.ts'
import type { Options, Transport } from './transport.ts'

/** What a job has left in its `/output`. */
export class Files {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** The files by relative path, and what was passed over, with the reason. */
  list(job: string, { signal }: Options = {}): Promise<FileList> {
    return this.#transport.json('GET /jobs/{id}/files', { params: { id: job }, signal })
  }

  /**
   * One file, by its path as `list` gives it.
   * @returns the response; take its `.bytes()`, its `.text()`, or its `.body` as a stream
   */
  read(job: string, path: string, { signal }: Options = {}): Promise<Response> {
    return this.#transport.send('GET /jobs/{id}/files/{path}', {
      params: { id: job, path },
      accept: '*/*',
      signal,
    })
  }

  /**
   * Puts a file into the live sandbox's `/output`, in the place of one that is there: it is there whole, or not at all. At
   * most 64 MiB. Throws `conflict` where the desktop is not live.
   */
  write(
    job: string,
    path: string,
    content: string | Uint8Array | Blob | ReadableStream<Uint8Array>,
    { signal }: Options = {},
  ): Promise<void> {
    return this.#transport.json('PUT /jobs/{id}/files/{path}', {
      params: { id: job, path },
      content,
      signal,
    })
  }

  /** All files as a zip archive; see `read` for what is returned. */
  zip(job: string, { signal }: Options = {}): Promise<Response> {
    return this.#transport.send('GET /jobs/{id}/files.zip', { params: { id: job }, accept: '*/*', signal })
  }

  /** All files as a gzipped tar archive; see `read` for what is returned. */
  tar(job: string, { signal }: Options = {}): Promise<Response> {
    return this.#transport.send('GET /jobs/{id}/files.tar.gz', { params: { id: job }, accept: '*/*', signal })
  }
}
