import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'

/** What a generation answers. Text goes out word by word, thinking first. */
export type ScriptedAnswer = {
  text?: string
  thinking?: string
  toolCalls?: object[]
  doneReason?: 'stop' | 'length'
  /** No header comes before this, as while Ollama loads a model. */
  headerAfterMs?: number
  headerAfter?: Promise<void>
  pieceMs?: number
  tokensIn?: number
  /** What follows the text instead of the final line. */
  ending?: 'stall' | 'reset' | 'end' | 'endless' | { error: string } | { garbage: string }
}

/** A refusal before the model is asked: 503 when the queue is full, 400, 500, or a status with a body that is no JSON. */
export type ScriptedRefusal = { status: number; error: string } | { status: number; html: string }

export type ScriptedModel = {
  name: string
  capabilities?: string[]
  loaded?: boolean
  remoteHost?: string
  family?: string
  template?: string
  contextLength?: number
  /** The part of a loaded model that graphics memory holds. */
  gpuShare?: number
}

export type ScriptedRequest = {
  method: string
  path: string
  body: Record<string, unknown>
  /** Resolves when the answer is over, or when the caller went away before that. */
  over: Promise<'finished' | 'aborted'>
  /** Lines and bytes written so far. */
  sent: { pieces: number; bytes: number }
}

export type ScriptedOllama = AsyncDisposable & {
  url: string
  /** Every request so far, in the order of arrival. */
  requests: ScriptedRequest[]
  /** Resolves with the n-th generation (from 1) once it has arrived. */
  generation(n: number): Promise<ScriptedRequest>
  /** The most generations that were under way at one time. */
  mostAtOnce(): number
}

type Play = ScriptedAnswer | ScriptedRefusal | string

/**
 * An HTTP server that speaks Ollama's protocol (https://github.com/ollama/ollama/blob/main/docs/api.md) and answers
 * generations from a script: an array is played in order and its last entry stays; a function decides per request.
 */
export async function startScriptedOllama(script: {
  answers?: Play[] | ((request: ScriptedRequest, nth: number) => Play | Promise<Play>)
  models?: ScriptedModel[]
  port?: number
  host?: string
  /** What each download tells, line by line; without it there are no downloads. A line `'stall'` never comes. */
  pull?: (model: string) => (object | 'stall')[]
}): Promise<ScriptedOllama> {
  const { host = '127.0.0.1' } = script
  const models = script.models ?? [{ name: 'qwen3:0.6b', capabilities: ['completion', 'thinking'] }]
  const answers = script.answers ?? ['hello']
  const requests: ScriptedRequest[] = []
  const generations: ScriptedRequest[] = []
  const arrivals = new Map<number, PromiseWithResolvers<ScriptedRequest>>()
  const running = { now: 0, most: 0 }

  function arrival(n: number): PromiseWithResolvers<ScriptedRequest> {
    const found = arrivals.get(n) ?? Promise.withResolvers<ScriptedRequest>()
    arrivals.set(n, found)
    return found
  }

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = incoming.url ?? '/'
    const body = incoming.method === 'POST' ? ((await json(incoming)) as Record<string, unknown>) : {}
    const over = Promise.withResolvers<'finished' | 'aborted'>()
    response.once('close', () => over.resolve(response.writableFinished ? 'finished' : 'aborted'))
    const request: ScriptedRequest = {
      method: incoming.method ?? 'GET',
      path,
      body,
      over: over.promise,
      sent: { pieces: 0, bytes: 0 },
    }
    requests.push(request)
    if (path === '/api/pull' && script.pull) return download(script.pull(String(body['model'])), response)
    if (path !== '/api/generate' && path !== '/api/chat') return serveFacts(request, models, response)
    const model = models.find(
      ({ name }) => name === body['model'] || name === `${String(body['model'])}:latest`,
    )
    if (!model) return sendJson(response, 404, { error: `model '${String(body['model'])}' not found` })
    if (body['think'] === true && !model.capabilities?.includes('thinking'))
      return sendJson(response, 400, { error: `"${model.name}" does not support thinking` })
    generations.push(request)
    running.most = Math.max(running.most, ++running.now)
    response.once('close', () => running.now--)
    arrival(generations.length).resolve(request)
    const nth = generations.length
    const play =
      typeof answers === 'function'
        ? await answers(request, nth)
        : (answers[Math.min(nth, answers.length) - 1] ?? '')
    if (typeof play === 'object' && 'status' in play) return refuse(response, play)
    const spoken = typeof play === 'string' ? { text: play } : play
    await speak(request, model, spoken, response)
  }

  const server = createServer((incoming, response) => {
    serve(incoming, response).catch((error: unknown) => response.destroy(error as Error))
  })
  server.listen(script.port ?? 0, host)
  await once(server, 'listening')
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    requests,
    generation: (n) => arrival(n).promise,
    mostAtOnce: () => running.most,
    async [Symbol.asyncDispose]() {
      if (!server.listening) return
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** Streams an answer as Ollama does: thinking, text, then the final line with the counts. */
async function speak(
  request: ScriptedRequest,
  model: ScriptedModel,
  answer: ScriptedAnswer,
  response: ServerResponse,
): Promise<void> {
  const chat = request.path === '/api/chat'
  const head = { model: model.name, created_at: new Date().toISOString() }
  const piece = (part: { content?: string; thinking?: string; tool_calls?: object[] }) =>
    chat
      ? { ...head, message: { role: 'assistant', content: '', ...part }, done: false }
      : {
          ...head,
          response: part.content ?? '',
          ...(part.thinking !== undefined && { thinking: part.thinking }),
          done: false,
        }
  const thinks = model.capabilities?.includes('thinking') === true && request.body['think'] !== false
  const all = [
    ...words(thinks ? (answer.thinking ?? '') : '').map((thinking) => piece({ thinking })),
    ...words(answer.text ?? '').map((content) => piece({ content })),
    ...(answer.toolCalls ? [piece({ tool_calls: answer.toolCalls })] : []),
  ]
  const cap = (request.body['options'] as { num_predict?: number } | undefined)?.num_predict ?? -1
  const pieces = cap > 0 ? all.slice(0, cap) : all
  if (answer.headerAfterMs) await pause(answer.headerAfterMs, response)
  if (answer.headerAfter) await Promise.race([answer.headerAfter, once(response, 'close')])
  const lines: object[] = []
  for (const line of pieces) {
    if (response.destroyed) return
    if (request.body['stream'] === false) lines.push(line)
    else await write(request, response, line)
    if (answer.pieceMs) await pause(answer.pieceMs, response)
  }
  if (answer.ending !== undefined)
    return depart(request, answer.ending, piece({ content: 'more ' }), response)
  const final = {
    ...piece({}),
    done: true,
    done_reason: pieces.length < all.length ? 'length' : (answer.doneReason ?? 'stop'),
    total_duration: 1_000_000,
    prompt_eval_count: answer.tokensIn ?? 7,
    eval_count: pieces.length,
  }
  if (request.body['stream'] === false) return sendJson(response, 200, whole(lines, final))
  await write(request, response, final)
  response.end()
}

async function depart(
  request: ScriptedRequest,
  ending: NonNullable<ScriptedAnswer['ending']>,
  more: object,
  response: ServerResponse,
): Promise<void> {
  if (ending === 'stall') {
    response.flushHeaders()
    await once(response, 'close')
  } else if (ending === 'reset') {
    response.flushHeaders()
    response.destroy()
  } else if (ending === 'end') response.end()
  else if (ending === 'endless') while (!response.destroyed) await write(request, response, more)
  else if ('error' in ending) {
    await write(request, response, ending)
    response.end()
  } else response.end(ending.garbage)
}

async function write(request: ScriptedRequest, response: ServerResponse, line: object): Promise<void> {
  const bytes = `${JSON.stringify(line)}\n`
  if (!response.headersSent) response.setHeader('content-type', 'application/x-ndjson')
  request.sent.pieces++
  request.sent.bytes += bytes.length
  if (response.write(bytes)) return
  const over = new AbortController()
  await Promise.race([
    once(response, 'drain', { signal: over.signal }),
    once(response, 'close', { signal: over.signal }),
  ]).finally(() => over.abort())
}

function whole(lines: object[], final: object): object {
  type Part = { response?: string; message?: { content: string } }
  const text = lines.map((line) => (line as Part).response ?? (line as Part).message?.content ?? '').join('')
  return 'response' in final
    ? { ...final, response: text }
    : { ...final, message: { role: 'assistant', content: text } }
}

async function download(told: (object | 'stall')[], response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  for (const line of told) {
    if (line === 'stall') {
      await once(response, 'close')
      return
    }
    response.write(`${JSON.stringify(line)}\n`)
  }
  response.end()
}

function serveFacts(request: ScriptedRequest, models: ScriptedModel[], response: ServerResponse): void {
  switch (request.path) {
    case '/api/version':
      return sendJson(response, 200, { version: '0.17.4' })
    case '/api/tags':
      return sendJson(response, 200, { models: models.map(listed) })
    case '/api/ps':
      return sendJson(response, 200, { models: models.filter(({ loaded }) => loaded).map(running) })
    case '/api/show': {
      const model = models.find(({ name }) => name === request.body['model'])
      if (!model)
        return sendJson(response, 404, { error: `model '${String(request.body['model'])}' not found` })
      return sendJson(response, 200, {
        modelfile: 'FROM /usr/share/ollama/.ollama/models/blobs/sha256-00',
        template: model.template ?? '{{ .Prompt }}',
        details: listed(model).details,
        model_info: model.contextLength === undefined ? {} : { 'qwen3.context_length': model.contextLength },
        capabilities: model.capabilities ?? ['completion'],
      })
    }
    default:
      return sendJson(response, 404, { error: `${request.path} is not scripted` })
  }
}

const listed = ({ name, family, remoteHost }: ScriptedModel) => ({
  name,
  model: name,
  modified_at: '2026-01-01T00:00:00Z',
  size: 522_653_767,
  digest: Buffer.from(name).toString('hex').padEnd(64, '0').slice(0, 64),
  details: { format: 'gguf', family: family ?? name.split(':')[0], parameter_size: '752M' },
  ...(remoteHost !== undefined && { remote_host: remoteHost, remote_model: name }),
})

const running = (model: ScriptedModel) => {
  const about = listed(model)
  return { ...about, size_vram: Math.round(about.size * (model.gpuShare ?? 0)), context_length: 8192 }
}

function refuse(response: ServerResponse, refusal: ScriptedRefusal): void {
  if ('error' in refusal) return sendJson(response, refusal.status, { error: refusal.error })
  response.writeHead(refusal.status, { 'content-type': 'text/html' }).end(refusal.html)
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

const words = (text: string): string[] => text.match(/\s*\S+\s*?(?=\s|$)|\s+$/g) ?? []

async function pause(ms: number, response: ServerResponse): Promise<void> {
  const gone = new AbortController()
  const leave = () => gone.abort()
  response.once('close', leave)
  await sleep(ms, undefined, { signal: gone.signal }).finally(() => response.off('close', leave))
}
