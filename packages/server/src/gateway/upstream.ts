import { Pool, type Dispatcher } from 'undici'
import { createCatalog, type Catalog } from './catalog.ts'
import { GatewayError } from './gateway-error.ts'
import type { GatewayLimits } from './limits.ts'
import { answeredWith, brokenBy } from './upstream-errors.ts'

/** One model server that speaks Ollama's protocol. */
export type Upstream = {
  url: string
  catalog: Catalog
  /**
   * Posts a generation and resolves once its header is here. Aborting `signal` closes the connection, which stops the
   * model. Throws a GatewayError: `passing` where the server is away or busy, else what it answered.
   */
  generate(path: string, body: string, signal: AbortSignal): Promise<AsyncIterable<Buffer>>
  /** Breaks off whatever goes on. */
  destroy(): Promise<void>
}

const factsMs = 3000
const factsBytes = 16 * 1024 * 1024
const errorBytes = 64 * 1024

export function createUpstream(url: string, limits: Pick<GatewayLimits, 'headerMs' | 'chunkMs'>): Upstream {
  const base = new URL(url)
  const prefix = base.pathname.replace(/\/$/, '')
  const pool = new Pool(base.origin, { connect: { timeout: factsMs } })
  const headers = { 'content-type': 'application/json' }

  async function send(options: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData> {
    try {
      return await pool.request({ ...options, path: prefix + options.path })
    } catch (error) {
      throw brokenBy(error, url, 'header')
    }
  }

  async function generate(path: string, body: string, signal: AbortSignal): Promise<AsyncIterable<Buffer>> {
    const response = await send({
      method: 'POST',
      path,
      body,
      headers,
      signal,
      headersTimeout: limits.headerMs,
      bodyTimeout: limits.chunkMs,
    })
    if (response.statusCode !== 200) throw await refused(response)
    return translated(response.body, url)
  }

  async function refused({ body, statusCode }: Dispatcher.ResponseData): Promise<GatewayError> {
    return answeredWith(statusCode, await read(body, errorBytes, url), url)
  }

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

  return { url, catalog: createCatalog(ask), generate, destroy: () => pool.destroy() }
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
