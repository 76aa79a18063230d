import type { ModelCalled, ModelGenerating } from '@vitrine/contract/event.ts'
import type { Answer } from './answer.ts'
import type { ModelCall } from './bodies.ts'
import { requireBudget, withinBudget } from './budget.ts'
import type { Worker } from './caller.ts'
import type { FairQueue } from './fair-queue.ts'
import type { Fleet } from './fleet.ts'
import { GatewayError } from './gateway-error.ts'
import type { GatewayLimits } from './limits.ts'
import { createReading, type Reading } from './reading.ts'
import type { Upstream } from './upstream.ts'
import type { CallWaiting, WaitingBoard } from './waiting.ts'

export type CallParts = {
  fleet: Fleet
  queue: FairQueue<Upstream>
  board: WaitingBoard
  limits: GatewayLimits
  onGenerating: (worker: Worker, generating: ModelGenerating) => void
  onCalled: (worker: Worker, call: ModelCalled) => void
}

/** One model call of a job, and who reads its answer; aborting `ending` ends it wherever it is. */
export type Asked = { worker: Worker; call: ModelCall; answer: Answer; ending: AbortController }

/**
 * Makes one model call: waits for its turn, asks a server, hands the answer on piece by piece. A server that is away or
 * busy is asked again, for `patienceMs`, while the call keeps its place. A call that takes too long aborts itself.
 */
export async function makeCall(parts: CallParts, asked: Asked): Promise<void> {
  await parts.fleet.require(asked.call.model)
  await askInTurn(parts, asked)
  // The slot is another call's by now, however slowly this answer is read.
  await asked.answer.end()
}

async function askInTurn(parts: CallParts, asked: Asked): Promise<void> {
  const { fleet, queue, board, limits } = parts
  const { worker, call, ending } = asked
  using waiting = board.begin(worker)
  const arrived = performance.now()
  for (let first = false; ; first = true) {
    const wish = {
      choose: (free: readonly Upstream[]) => fleet.choose(free, call.model),
      onPlace: (place: number) =>
        first || waiting.says(fleet.isAway() ? 'model server is away' : `queued at ${place}`),
      first,
    }
    using slot = await queue.take(worker.job, wish, ending.signal)
    if (!first) waiting.ends()
    requireBudget(worker.budget, 0)
    try {
      const fitting = withinBudget(call, worker.budget)
      return await ask(parts, { ...asked, call: fitting }, { server: slot.server, waiting, arrived })
    } catch (error) {
      if (!(error instanceof GatewayError && error.passing)) throw error
      const now = performance.now()
      const outFor = Math.min(fleet.outFor(slot.server), now - arrived)
      if (outFor > limits.patienceMs) throw error
      const why = error.code === 'model_busy' ? 'busy' : 'away'
      fleet.rest(slot.server, why)
      waiting.counts(`model server is ${why}`, now - outFor, 0)
    }
  }
}

type Turn = { server: Upstream; waiting: CallWaiting; arrived: number }

async function ask(parts: CallParts, asked: Asked, { server, waiting, arrived }: Turn): Promise<void> {
  const { fleet, limits } = parts
  const { worker, call, answer, ending } = asked
  const { catalog } = server
  if (catalog.has(call.model) === undefined) await catalog.refresh()
  const began = performance.now()
  using _ = endsAfter(limits.callMs, ending)
  waiting.counts(catalog.isLoaded(call.model) ? 'reading the prompt' : 'loading model', began, limits.quietMs)
  let unread: Promise<void> | undefined
  const bounds = { maxTokens: call.maxTokens, maxBytes: limits.answerBytes }
  const reading = createReading(bounds, (piece, isLast) => {
    unread = answer.write(piece, isLast)
  })
  const tellSpeed = createSpeed(reading, limits.tellMs, (speed) => parts.onGenerating(worker, speed))
  const begins = () => {
    fleet.rested(server)
    waiting.ends()
    catalog.markLoaded(call.model)
  }
  try {
    const take = (chunk: Buffer) => {
      unread = undefined
      const hadPieces = reading.pieces() > 0
      try {
        reading.read(chunk)
      } finally {
        // What was written leaves the process first, at the end of this turn.
        if (!hadPieces && reading.pieces() > 0) queueMicrotask(begins)
      }
      tellSpeed()
      return unread
    }
    await server.generate(call.path, JSON.stringify(call.body), take, ending.signal)
    reading.end()
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'model_not_found') catalog.forget()
    throw error
  } finally {
    if (reading.pieces() > 0) count(parts, worker, called(call, reading, arrived, began))
  }
}

/** The model server's own counts, or the pieces seen where the call ended before they came. */
function called(call: ModelCall, reading: Reading, arrived: number, began: number): ModelCalled {
  const final = reading.final()
  return {
    model: call.model,
    tokensIn: final?.prompt_eval_count ?? 0,
    tokensOut: final ? (final.eval_count ?? 0) : reading.pieces(),
    waited: seconds(began - arrived),
    seconds: seconds(performance.now() - began),
    doneReason: final ? (final.done_reason ?? 'stop') : null,
  }
}

function count({ onCalled }: CallParts, worker: Worker, call: ModelCalled): void {
  const { spent } = worker.budget
  spent.calls += 1
  spent.tokensIn += call.tokensIn
  spent.tokensOut += call.tokensOut
  onCalled(worker, call)
}

/** Tells how fast the answer has grown of late, at most once in `everyMs`. */
function createSpeed(reading: Reading, everyMs: number, tell: (speed: ModelGenerating) => void): () => void {
  let last = { at: 0, pieces: 0 }
  return () => {
    const now = { at: performance.now(), pieces: reading.pieces() }
    if (last.at === 0 && now.pieces > 0) last = now
    if (last.at === 0 || now.at - last.at < everyMs) return
    const tokensPerSecond = ((now.pieces - last.pieces) / (now.at - last.at)) * 1000
    tell({ tokens: now.pieces, tokensPerSecond: Math.round(tokensPerSecond * 10) / 10 })
    last = now
  }
}

const seconds = (ms: number) => Math.round(ms) / 1000

function endsAfter(ms: number, ending: AbortController): Disposable {
  const end = () =>
    ending.abort(new GatewayError('answer_too_long', `the answer took longer than ${ms / 1000} s`))
  const timer = setTimeout(end, ms)
  return { [Symbol.dispose]: () => clearTimeout(timer) }
}
