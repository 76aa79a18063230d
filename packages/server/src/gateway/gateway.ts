import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ModelCalled, ModelGenerating } from '@vitrine/contract/event.ts'
import type { Waiting } from '@vitrine/contract/job.ts'
import type { ModelEntry, PullProgress } from '@vitrine/contract/routes/models.ts'
import type { Health } from '@vitrine/contract/server.ts'
import type { Logger } from 'pino'
import { createAdmission } from './admission.ts'
import { createAnswer, sendError, sendJson } from './answer.ts'
import { chatCall, generateCall, shownModel, type ModelCall } from './bodies.ts'
import { requireBudget } from './budget.ts'
import { makeCall } from './call.ts'
import type { Caller, Worker } from './caller.ts'
import { ollamaDialect, type Dialect } from './dialect.ts'
import { createFairQueue } from './fair-queue.ts'
import { createFleet } from './fleet.ts'
import { callerGone, GatewayError } from './gateway-error.ts'
import { defaultLimits, type GatewayLimits } from './limits.ts'
import {
  everyModel,
  listModels,
  modelHealth,
  requireModel,
  showPatiently,
  upstreamVersion,
} from './models.ts'
import { openaiChat, openaiDialect, openaiModels } from './openai.ts'
import { pullModel } from './pull.ts'
import { readBody } from './read-body.ts'
import { createWaitingBoard } from './waiting.ts'

export type GatewayOptions = Pick<GatewayLimits, 'maxContext' | 'maxPredict'> & {
  /** Base URLs of servers that speak Ollama's protocol. */
  upstreams: readonly string[]
  /** Generations that one server makes at a time. */
  concurrencyPerUpstream: number
  limits?: Partial<GatewayLimits>
  /** What a job waits for, whenever that changes; null: it gets its answer. */
  onWaiting: (worker: Worker, waiting: Waiting | null) => void
  /** Every few seconds, of an answer that goes on. */
  onGenerating: (worker: Worker, generating: ModelGenerating) => void
  /** Once for each call that the model answered, also where the answer did not reach its end. */
  onCalled: (worker: Worker, call: ModelCalled) => void
  log: Pick<Logger, 'warn' | 'error'>
}

export type Gateway = AsyncDisposable & {
  /**
   * Answers one request of a sandbox, in Ollama's protocol or OpenAI's, errors included. Resolves when the answer is read or
   * the caller has gone.
   */
  handle(caller: Caller, request: IncomingMessage, response: ServerResponse): Promise<void>
  /** Has the first model server that can download the model do it. Throws a VitrineError, also in the middle. */
  pull(model: string, signal: AbortSignal): AsyncGenerator<PullProgress, void>
  /** Throws a VitrineError that names the field `model` where every server answers and none has it. */
  requireModel(model: string): Promise<void>
  /** Throws a VitrineError `unavailable` where no server answers within some seconds. */
  models(defaultModel: string): Promise<ModelEntry[]>
  health(defaultModel: string): Promise<Omit<Health['model'], 'fix'>>
}

/** The model endpoint for sandboxes: a caller is known by its socket, waits in a fair queue, and may only generate. */
export function createGateway(options: GatewayOptions): Gateway {
  const { maxContext, maxPredict, log } = options
  const limits: GatewayLimits = { ...defaultLimits, ...options.limits, maxContext, maxPredict }
  const fleet = createFleet(options.upstreams, limits, () => queue.offer())
  const queue = createFairQueue(() => fleet.all(), options.concurrencyPerUpstream)
  const board = createWaitingBoard(options.onWaiting)
  const requests = createAdmission()
  const calls = createAdmission()
  const { onGenerating, onCalled } = options
  const parts = { fleet, queue, board, limits, onGenerating, onCalled }

  async function handle(caller: Caller, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/'
    const ending = new AbortController()
    const leave = () => ending.abort(callerGone)
    response.once('close', leave)
    if (response.closed) leave()
    try {
      using _ = requests.admit(caller.sandbox, limits.requestsPerSandbox)
      await route(path, caller, request, response, ending)
    } catch (error) {
      if (ending.signal.reason === callerGone) return
      fail(caller, path, error, response)
    } finally {
      response.off('close', leave)
    }
  }

  async function route(
    path: string,
    caller: Caller,
    request: IncomingMessage,
    response: ServerResponse,
    ending: AbortController,
  ): Promise<void> {
    const send = (body: object) => sendJson(response, 200, body, limits.unreadMs)
    const body = () => readBody(request, limits.bodyBytes)
    const models = async (list: 'models' | 'loaded') => {
      await fleet.refresh()
      return everyModel(fleet, list)
    }
    const speak = async (read: (body: unknown) => { call: ModelCall; dialect: Dialect }) => {
      const worker = requireJob(caller)
      const { limits: budget } = worker.budget
      requireBudget(worker.budget, calls.underWay(worker.job))
      using _ = calls.admit(worker.job, budget.concurrentCalls)
      const { call, dialect } = read(await body())
      const answer = createAnswer(response, dialect, { stream: call.stream, unreadMs: limits.unreadMs })
      await makeCall(parts, { worker, call, answer, ending })
    }
    requireMethod(request, path)
    switch (path) {
      case '/api/generate':
        return speak((body) => ({ call: generateCall(body, limits), dialect: ollamaDialect }))
      case '/api/chat':
        return speak((body) => ({ call: chatCall(body, limits), dialect: ollamaDialect }))
      case '/v1/chat/completions':
        return speak((body) => {
          const { chat, dialect } = openaiChat(body)
          return { call: chatCall(chat, limits), dialect }
        })
      case '/api/tags':
        return send({ models: await models('models') })
      case '/api/ps':
        return send({ models: await models('loaded') })
      case '/v1/models':
        return send(openaiModels(await models('models')))
      case '/api/show':
        return send(await showPatiently(parts, caller, shownModel(await body()), ending.signal))
      case '/api/version':
        return send({ version: await upstreamVersion(fleet) })
    }
  }

  function fail(caller: Caller, path: string, error: unknown, response: ServerResponse): void {
    const known = error instanceof GatewayError ? error : new GatewayError('internal', 'the gateway failed')
    const who = { sandbox: caller.sandbox, job: caller.job }
    if (known !== error) log.error({ ...who, path, error }, 'a model call failed by a fault of the gateway')
    else if (known.status >= 500) log.warn({ ...who, path, code: known.code }, known.message)
    if (known.code === 'answer_unread') response.destroy()
    else sendError(response, known, path.startsWith('/v1/') ? openaiDialect(false) : ollamaDialect)
  }

  return {
    handle,
    pull: (model, signal) => pullModel(fleet, model, signal),
    requireModel: (model) => requireModel(fleet, model),
    models: (defaultModel) => listModels(fleet, defaultModel),
    health: (defaultModel) => modelHealth(fleet, defaultModel),
    [Symbol.asyncDispose]: () => fleet.close(),
  }
}

const methods: Record<string, 'GET' | 'POST'> = {
  '/api/generate': 'POST',
  '/api/chat': 'POST',
  '/api/tags': 'GET',
  '/api/show': 'POST',
  '/api/ps': 'GET',
  '/api/version': 'GET',
  '/v1/chat/completions': 'POST',
  '/v1/models': 'GET',
}

/** What is not named here does not exist for a sandbox: pull, create, copy, delete, push, blobs, and what comes yet. */
function requireMethod({ method }: IncomingMessage, path: string): void {
  const wanted = Object.hasOwn(methods, path) ? methods[path] : undefined
  if (wanted === method) return
  if (wanted) throw new GatewayError('method_not_allowed', `${path} wants ${wanted}`)
  if (/^\/(api|v1)\//.test(path)) throw new GatewayError('forbidden', 'this is not open to sandboxes')
  throw new GatewayError('not_found', 'there is nothing at this address')
}

function requireJob(caller: Caller): Worker {
  if (caller.job !== null) return caller
  throw new GatewayError('forbidden', 'this sandbox has no job yet, so it may not use a model')
}
