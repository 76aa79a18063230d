import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { answer, answerLoaded, sendJson, writeLine, type Asked, type Engine } from './answer.ts'
import { list, running, show } from './catalog.ts'
import { EngineError } from './errors.ts'
import { renderChat } from './prompt.ts'
import { chatBody, generateBody, parseBody, showBody, type ChatBody, type GenerateBody } from './protocol.ts'
import type { Split } from './thinking.ts'

const MAX_BODY_BYTES = 16 << 20

type Handler = (
  engine: Engine,
  call: { body: string; signal: AbortSignal; response: ServerResponse },
) => Promise<void> | void

const routes: Record<string, { method: 'GET' | 'POST'; handle: Handler }> = {
  '/': { method: 'GET', handle: (_, { response }) => void response.end("Vitrine's engine is running") },
  '/api/version': {
    method: 'GET',
    handle: (engine, { response }) => sendJson(response, 200, { version: engine.version }),
  },
  '/api/tags': { method: 'GET', handle: ({ model }, { response }) => sendJson(response, 200, list(model)) },
  '/api/ps': {
    method: 'GET',
    handle: ({ model, context }, { response }) => sendJson(response, 200, running(model, context)),
  },
  '/api/show': {
    method: 'POST',
    handle: ({ model }, { body, response }) => {
      requireModel(model.name, parseBody(showBody, body).model)
      sendJson(response, 200, show(model))
    },
  },
  '/api/generate': { method: 'POST', handle: handleGenerate },
  '/api/chat': { method: 'POST', handle: handleChat },
}

/** The HTTP server of the engine; not yet listening. */
export function createEngineServer(engine: Engine): Server {
  return createServer((request, response) => {
    const gone = new AbortController()
    response.on('close', () => gone.abort(new Error('the caller went away')))
    route(engine, request, response, gone.signal).catch((error: unknown) => refuse(response, error))
  })
}

async function route(
  engine: Engine,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  refuseBrowsers(request)
  const path = new URL(request.url ?? '/', 'http://engine').pathname
  const found = Object.hasOwn(routes, path) ? routes[path] : undefined
  if (found === undefined) throw new EngineError(404, `${path} is not served by the embedded engine`)
  const method = request.method === 'HEAD' ? 'GET' : request.method
  if (method !== found.method) throw new EngineError(405, `${path} wants ${found.method}`)
  await found.handle(engine, { body: await readBody(request), signal, response })
}

async function handleGenerate(engine: Engine, call: Parameters<Handler>[1]): Promise<void> {
  const body = parseBody(generateBody, call.body)
  const { model } = engine
  requireModel(model.name, body.model)
  const think = resolveThink(engine, body)
  const shape = ({ thinking, answer }: Split) => ({
    response: answer,
    ...(thinking === '' ? {} : { thinking }),
  })
  if (body.prompt === '') return answerLoaded(model.name, { shape }, call.response)
  const { prompt, system } = body
  const messages = [
    ...(system === undefined || system === '' ? [] : [{ role: 'system' as const, content: system }]),
    { role: 'user' as const, content: prompt },
  ]
  const asked: Asked = {
    prompt: body.raw
      ? { text: prompt, opensThinking: false }
      : renderChat(model.template, messages, { think, ...specials(engine) }),
    options: body.options,
    stream: body.stream,
    splitThinking: !body.raw && think,
    shape,
  }
  await answer(engine, asked, call.signal, call.response)
}

async function handleChat(engine: Engine, call: Parameters<Handler>[1]): Promise<void> {
  const body = parseBody(chatBody, call.body)
  const { model } = engine
  requireModel(model.name, body.model)
  const think = resolveThink(engine, body)
  const shape = ({ thinking, answer }: Split) => ({
    message: { role: 'assistant', content: answer, ...(thinking === '' ? {} : { thinking }) },
  })
  if (body.messages.length === 0) return answerLoaded(model.name, { shape }, call.response)
  const asked: Asked = {
    prompt: renderChat(model.template, body.messages, { think, ...specials(engine) }),
    options: body.options,
    stream: body.stream,
    splitThinking: think,
    shape,
  }
  await answer(engine, asked, call.signal, call.response)
}

/** As in Ollama: a model that can think does so unless told otherwise, and no other can be told to. */
function resolveThink({ model }: Engine, { think }: GenerateBody | ChatBody): boolean {
  const able = model.capabilities.includes('thinking')
  if (think === true && !able) throw new EngineError(400, `think: "${model.name}" does not support thinking`)
  return think ?? able
}

function specials({ model }: Engine): { bos: string; eos: string } {
  const { bosString, eosString } = model.llama.tokens
  return { bos: bosString ?? '', eos: eosString ?? '' }
}

function requireModel(served: string, asked: string): void {
  if (asked === served || `${asked}:latest` === served) return
  throw new EngineError(404, `model '${asked}' not found`)
}

/** No web page may use the engine: a browser names its page in Origin, or a foreign name in Host (DNS rebinding). */
function refuseBrowsers({ headers }: IncomingMessage): void {
  const host = (headers.host ?? '').replace(/:\d+$/, '')
  if (headers.origin !== undefined) throw new EngineError(403, 'requests from web pages are refused')
  if (!['localhost', '127.0.0.1', ''].includes(host))
    throw new EngineError(403, `Host ${host} is refused; use 127.0.0.1`)
}

async function readBody(request: IncomingMessage): Promise<string> {
  const tooLarge = new EngineError(413, `the body is larger than ${MAX_BODY_BYTES} bytes`)
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) throw tooLarge
  let bytes = 0
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > MAX_BODY_BYTES) request.destroy(tooLarge)
  })
  return await text(request)
}

function refuse(response: ServerResponse, error: unknown): void {
  if (response.destroyed) return
  const message = error instanceof Error ? error.message : String(error)
  if (response.headersSent) {
    writeLine(response, { error: message })
    response.end()
  } else {
    sendJson(response, error instanceof EngineError ? error.status : 500, { error: message })
  }
}
