import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { createInterface } from 'node:readline'
import { z } from 'zod'

/** Where Ollama's protocol is spoken: the link's socket (the gateway answers), or an address. */
export type ModelAddress = { socketPath: string } | { url: URL }

export type ModelFacts = { template: string; capabilities: string[]; family: string; contextLength: number }

export type Generation = { path: '/api/chat' | '/api/generate'; body: Record<string, unknown> }

export type Piece =
  | { thinking: string; text: string }
  | { doneReason: string; tokensIn: number; tokensOut: number }

type Failure = 'model_unavailable' | 'model_error' | 'budget_spent'

/** A model call that failed. `passing`: the same call may succeed a little later. */
export class ModelError extends Error {
  override name = 'ModelError'
  readonly code: Failure
  readonly passing: boolean

  constructor(code: Failure, message: string, passing: boolean) {
    super(message)
    this.code = code
    this.passing = passing
  }
}

const Show = z.object({
  template: z.string().default(''),
  modelfile: z.string().default(''),
  capabilities: z.array(z.string()).default([]),
  details: z.object({ family: z.string().default('') }).prefault({}),
  model_info: z.record(z.string(), z.unknown()).default({}),
})

/** `POST /api/show`: what decides how the model is asked. */
export async function showModel(
  address: ModelAddress,
  model: string,
  signal: AbortSignal,
): Promise<ModelFacts> {
  const shown = Show.safeParse(await json(await call(address, 'POST', '/api/show', { model }, signal)))
  if (!shown.success) throw new ModelError('model_error', `/api/show answered what Ollama does not`, false)
  const { template, modelfile, capabilities, details, model_info } = shown.data
  const length = Object.entries(model_info).find(([key]) => key.endsWith('.context_length'))?.[1]
  return {
    // Newer models are rendered by Ollama itself, and their template is empty.
    template: /^RENDERER /m.test(modelfile) ? 'RENDERER' : template,
    capabilities,
    family: details.family,
    contextLength: typeof length === 'number' ? length : 32_768,
  }
}

/** `GET /api/tags`: the models that are there. */
export async function listModels(
  address: ModelAddress,
  signal: AbortSignal,
): Promise<{ name: string; digest: string }[]> {
  const Tags = z.object({
    models: z.array(z.object({ name: z.string(), digest: z.string().default('') })),
  })
  const tags = Tags.safeParse(await json(await call(address, 'GET', '/api/tags', undefined, signal)))
  if (!tags.success) throw new ModelError('model_error', '/api/tags answered what Ollama does not', false)
  return tags.data.models
}

const Line = z.object({
  error: z.string().optional(),
  message: z.object({ content: z.string().default(''), thinking: z.string().default('') }).optional(),
  response: z.string().optional(),
  thinking: z.string().optional(),
  done: z.boolean().default(false),
  done_reason: z.string().default('stop'),
  prompt_eval_count: z.int().default(0),
  eval_count: z.int().default(0),
})

const silence = 120_000
const answerBytes = 4_000_000
const lineBytes = 1_000_000

/**
 * Streams one answer (https://github.com/ollama/ollama/blob/main/docs/api.md); the last piece has the counts.
 * Throws `ModelError`; a line `{"error": …}` in the middle is one, as is an answer that ends without its last line.
 */
export async function* generate(
  address: ModelAddress,
  { path, body }: Generation,
  signal: AbortSignal,
): AsyncGenerator<Piece> {
  const response = await call(address, 'POST', path, { ...body, stream: true }, signal)
  response.setTimeout(silence, () => response.destroy(new Error('fell silent for two minutes')))
  let bytes = 0
  const bounded = response.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > 20 * answerBytes) response.destroy(new Error('sent far too much'))
  })
  const lines = createInterface({ input: bounded, crlfDelay: Infinity })
  // readline hears of the end of its input, not of its failure.
  const broken = Promise.withResolvers<never>()
  broken.promise.catch(() => {})
  response.once('error', (error) => broken.reject(error))
  response.once('close', () => response.complete || broken.reject(new Error('broke off its answer')))
  const iterator = lines[Symbol.asyncIterator]()
  try {
    let text = 0
    while (text < answerBytes) {
      const next = await Promise.race([iterator.next(), broken.promise])
      if (next.done) break
      const line = parseLine(next.value)
      if (line.error !== undefined)
        throw new ModelError('model_error', `the model server said: ${line.error}`, true)
      const piece = {
        thinking: line.message?.thinking ?? line.thinking ?? '',
        text: line.message?.content ?? line.response ?? '',
      }
      text += piece.thinking.length + piece.text.length
      if (piece.thinking !== '' || piece.text !== '') yield piece
      if (line.done) {
        yield { doneReason: line.done_reason, tokensIn: line.prompt_eval_count, tokensOut: line.eval_count }
        return
      }
    }
    if (text < answerBytes) throw new ModelError('model_error', 'the model server broke off its answer', true)
    yield { doneReason: 'length', tokensIn: 0, tokensOut: 0 }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof ModelError) throw error
    throw new ModelError('model_error', `the model server ${message(error)}`, true)
  } finally {
    lines.close()
    response.destroy()
  }
}

function parseLine(line: string): z.infer<typeof Line> {
  const parsed = line.length > lineBytes ? undefined : Line.safeParse(tryJson(line))
  if (parsed?.success) return parsed.data
  throw new ModelError(
    'model_error',
    `the model server sent what is no line of Ollama’s: ${line.slice(0, 200)}`,
    true,
  )
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** One request; resolves with a response of status 200, throws a `ModelError` for everything else. */
async function call(
  address: ModelAddress,
  method: string,
  path: string,
  body: object | undefined,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const response = await send(address, method, path, body, signal)
  const status = response.statusCode ?? 0
  if (status === 200) return response
  const said = z.object({ error: z.string(), code: z.string().optional() }).safeParse(await json(response))
  if (said.data?.code === 'budget_spent') throw new ModelError('budget_spent', said.data.error, false)
  // Only the gateway says so, and it has waited as long as it may.
  if (said.data?.code === 'model_unavailable' || said.data?.code === 'model_busy')
    throw new ModelError('model_unavailable', said.data.error, false)
  const why = said.success ? said.data.error : `the model server answered ${path} with status ${status}`
  if (status === 404) throw new ModelError('model_unavailable', why, false)
  if ([429, 502, 503, 504].includes(status)) throw new ModelError('model_unavailable', why, true)
  throw new ModelError('model_error', why, status >= 500)
}

function send(
  address: ModelAddress,
  method: string,
  path: string,
  body: object | undefined,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const payload = body && JSON.stringify(body)
    const headers = payload
      ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }
      : {}
    const options = { method, headers, signal, agent: false as const }
    const call =
      'socketPath' in address
        ? httpRequest({ ...options, socketPath: address.socketPath, path })
        : (address.url.protocol === 'https:' ? httpsRequest : httpRequest)(
            new URL(path, address.url),
            options,
          )
    call.on('response', resolve)
    call.on('error', (error) => {
      if (signal.aborted) reject(signal.reason)
      else
        reject(
          new ModelError('model_unavailable', `the model server does not answer (${message(error)})`, true),
        )
    })
    call.end(payload)
  })
}

async function json(response: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > answerBytes) break
    chunks.push(chunk)
  }
  return tryJson(Buffer.concat(chunks).toString('utf8'))
}

/** Node's error for a name with several addresses has an empty message. */
function message(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.message || ('code' in error ? String(error.code) : error.name)
}
