import { Pool, type Dispatcher } from 'undici'
import { createCatalog, type Catalog } from './catalog.ts'
import { GatewayError } from './gateway-error.ts'
import type { GatewayLimits } from './limits.ts'
import { answeredWith, brokenBy } from './upstream-errors.ts'

/** Takes a chunk of an answer at once, or says with a promise when it can take the next one. What it throws ends the call. */
export type Take = (chunk: Buffer) => Promise<void> | undefined

/** One model server that speaks Ollama's protocol. */
export type Upstream = {
  url: string
  catalog: Catalog
  /**
   * Posts a generation and resolves when its answer has ended. Aborting `signal` closes the connection, which stops the
   * model. Throws a GatewayError: `passing` where the server is away or busy, else what it answered.
   */
  generate(path: string, body: string, take: Take, signal: AbortSignal): Promise<void>
  /** Has the server download a model; its answer, or null where it is one that can't. */
  pull(model: string, signal: AbortSignal): Promise<AsyncIterable<Buffer> | null>
  /** Breaks off whatever goes on. */
  destroy(): Promise<void>
}

const factsMs = 3000
const factsBytes = 16 * 1024 * 1024
const errorBytes = 64 * 1024
/** Large files are verified without a word. */
const pullSilenceMs = 15 * 60_000

export function createUpstream(url: string, limits: Pick<GatewayLimits, 'headerMs' | 'chunkMs'>): Upstream {
  const base = new URL(url)
  const prefix = base.pathname.replace(/\/$/, '')
  const pool = new Pool(base.origin, { connect: { timeout: factsMs } })
  const headers = { 'content-type': 'application/json' }
  const timeouts = { headersTimeout: limits.headerMs, bodyTimeout: limits.chunkMs }

  /** By undici's callbacks: each piece of an answer is on its way in the tick in which it came. */
  function generate(path: string, body: string, take: Take, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const refusal: Buffer[] = []
    let connection: Dispatcher.DispatchController | undefined
    let status = 0
    let ended = false

    function end(reason: Error): void {
      if (ended) return
      ended = true
      reject(reason)
      connection?.abort(reason)
    }

    function taken(chunk: Buffer, controller: Dispatcher.DispatchController): void {
      const waiting = take(chunk)
      if (!waiting) return
      controller.pause()
      waiting.then(() => controller.resume(), end)
    }

    const abort = () => end(signal.reason as Error)
    signal.addEventListener('abort', abort, { once: true })
    pool.dispatch(
      { method: 'POST', path: prefix + path, body, headers, ...timeouts },
      {
        onRequestStart(controller) {
          connection = controller
          if (ended) controller.abort(signal.reason as Error)
        },
        onResponseStart(_, statusCode) {
          status = statusCode
        },
        onResponseData(controller, chunk) {
          if (ended) return
          if (status !== 200) return void refusal.push(chunk.subarray(0, errorBytes))
          try {
            taken(chunk, controller)
          } catch (error) {
            end(error as Error)
          }
        },
        onResponseEnd() {
          if (status === 200) resolve()
          else reject(answeredWith(status, Buffer.concat(refusal).toString(), url))
        },
        onResponseError(_, error) {
          reject(brokenBy(error, url, status === 0 ? 'header' : 'answer'))
        },
      },
    )
    return promise.finally(() => signal.removeEventListener('abort', abort))
  }

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

  return { url, catalog: createCatalog(ask), generate, pull, destroy: () => pool.destroy() }
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
