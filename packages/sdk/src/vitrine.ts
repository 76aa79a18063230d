import type { PullProgress } from '@vitrine/contract/routes/models.ts'
import { Jobs } from './jobs.ts'
import { pull } from './pull.ts'
import { Tokens } from './tokens.ts'
import { Transport, type Answer, type Options } from './transport.ts'

export type Health = Answer<'GET /health'>
export type Settings = Answer<'GET /settings'>
export type ModelEntry = Answer<'GET /models'>['models'][number]

/**
 * A client of one Vitrine server, for Node and browsers.
 *
 *     const vitrine = new Vitrine({ url: 'http://localhost:7080', token })
 *     const job = await vitrine.jobs.create({ task: 'Print the squares of 1 to 10.' })
 *     const { state, verdict } = await vitrine.jobs.wait(job.id)
 */
export class Vitrine {
  readonly #transport: Transport
  /** Create, watch and end jobs. */
  readonly jobs: Jobs
  /** What programs come in with. */
  readonly tokens: Tokens

  /**
   * @param options.url where the server is; a path before `/api/v1` is kept
   * @param options.token left out in a browser that has signed in, where the session's cookie counts
   * @param options.fetch what sends the requests; the global `fetch` by default
   */
  constructor(options: { url: string; token?: string; fetch?: typeof fetch }) {
    // Browsers refuse a `fetch` that is called as another object's method.
    const send = options.fetch ?? ((...request: Parameters<typeof fetch>) => globalThis.fetch(...request))
    this.#transport = new Transport(options.url, options.token, send)
    this.jobs = new Jobs(this.#transport)
    this.tokens = new Tokens(this.#transport)
  }

  /** The models that the model server has. */
  readonly models = {
    list: async ({ signal }: Options = {}): Promise<ModelEntry[]> =>
      (await this.#transport.json('GET /models', { signal })).models,

    /**
     * Has a model server download a model, and tells how far it is. It ends well, or throws `VitrineApiError`: with the
     * codes `not_found` (no such model), `unsupported` (an embedded engine downloads none) or `unavailable`. Ending the iteration
     * ends the download, which goes on from there when asked for again.
     */
    pull: (model: string, { signal }: Options = {}): AsyncGenerator<PullProgress, void, undefined> =>
      pull(this.#transport, model, signal),
  }

  /** How the parts of the server do that a job needs, and what to do where one is not well. */
  health({ signal }: Options = {}): Promise<Health> {
    return this.#transport.json('GET /health', { signal })
  }

  /** What the server was started with, and the ranges of a job’s limits. */
  settings({ signal }: Options = {}): Promise<Settings> {
    return this.#transport.json('GET /settings', { signal })
  }

  /** Makes a link, good once and for ten minutes, that signs a browser in and leads to `next`, a path on the server. */
  async signInLink({ next = '/', signal }: Options & { next?: string } = {}): Promise<string> {
    return (await this.#transport.json('POST /sign-in-links', { body: { next }, signal })).url
  }
}
