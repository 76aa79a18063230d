import { Pool, type Dispatcher } from 'undici'
import { createCatalog, type Catalog } from './catalog.ts'
import { GatewayError } from './gateway-error.ts'
import { createGenerations, type Generations } from './generations.ts'
import type { GatewayLimits } from './limits.ts'
import { answeredWith, brokenBy } from './upstream-errors.ts'

/** One model server that speaks Ollama's protocol. */
export type Upstream = Pick<Generations, 'generate'> & {
  url: string
  catalog: Catalog
  /** Has the server download a model; its answer, or null where it is one that can't. */
  pull(model: string, signal: AbortSignal): Promise<AsyncIterable<Buffer> | null>
  /** Breaks off whatever goes on. */
  destroy(): Promise<void>
}

const connectMs = 3000
const factsMs = 3000
const factsBytes = 16 * 1024 * 1024
const errorBytes = 64 * 1024
/** Large files are verified without a word. */
const pullSilenceMs = 15 * 60_000

export function createUpstream(url: string, limits: Pick<GatewayLimits, 'headerMs' | 'chunkMs'>): Upstream {
  const base = new URL(url)
  const prefix = base.pathname.replace(/\/$/, '')
  const pool = new Pool(base.origin, { connect: { timeout: connectMs } })
  const headers = { 'content-type': 'application/json' }
  const generations = createGenerations(url, { ...limits, connectMs })

  async function send(options: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData> {
    try {
      return await pool.request({ ...options, path: prefix + options.path })
    } catch (error) {
      throw brokenBy(error, url, 'header')
    }
  }

  const refused = async ({ body, statusCode }: Dispatcher.ResponseData): Promise<GatewayError> =>
    answeredWith(statusCode, await read(body, errorBytes, url), url)

  async function ask(path: string, body?: object): Promise<unknown> {
    const response = await send({
      method: body ? 'POST' : 'GET',
      path,
      ...(body && { body: JSON.stringify(body), headers }),
      signal: AbortSignal.timeout(factsMs),
    })
    if (response.statusCode !== 200) throw await refused(response)
    return parse(await read(response.body, factsBytes, url), url)
  }

  async function pull(model: string, signal: AbortSignal): Promise<AsyncIterable<Buffer> | null> {
    const body = JSON.stringify({ model, stream: true })
    const bodyTimeout = pullSilenceMs
    const response = await send({ method: 'POST', path: '/api/pull', body, headers, signal, bodyTimeout })
    if (response.statusCode === 200) return translated(response.body, url)
    const refusal = await refused(response)
    if (response.statusCode === 404 || response.statusCode === 405) return null
    throw refusal
  }

  return {
    url,
    catalog: createCatalog(ask),
    generate: (...call) => generations.generate(...call),
    pull,
    async destroy() {
      generations.destroy()
      await pool.destroy()
    },
  }
}

function parse(text: string, url: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new GatewayError('model_error', `what answers at ${url} does not speak Ollama’s protocol`)
  }
}

async function read(body: AsyncIterable<Buffer>, most: number, url: string): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of translated(body, url)) {
    bytes += chunk.length
    if (bytes > most)
      throw new GatewayError('model_error', `the model server at ${url} answered with over ${most} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

async function* translated(body: AsyncIterable<Buffer>, url: string): AsyncGenerator<Buffer> {
  try {
    yield* body
  } catch (error) {
    throw brokenBy(error, url, 'answer')
  }
}
