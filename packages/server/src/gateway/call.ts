import type { Answer } from './answer.ts'
import type { ModelCall } from './bodies.ts'
import type { Worker } from './caller.ts'
import type { FairQueue } from './fair-queue.ts'
import type { Fleet } from './fleet.ts'
import { GatewayError } from './gateway-error.ts'
import type { GatewayLimits } from './limits.ts'
import { createLineReader, type Line, type Piece } from './lines.ts'
import type { Upstream } from './upstream.ts'
import type { CallWaiting, WaitingBoard } from './waiting.ts'

/** Tokens of one call: the model server's own counts, or the pieces seen where the call ended before they came. */
export type TokenUse = { tokensIn: number; tokensOut: number }

type Parts = {
  fleet: Fleet
  queue: FairQueue<Upstream>
  board: WaitingBoard
  limits: GatewayLimits
  onUsage: (worker: Worker, use: TokenUse) => void
}

/**
 * Makes one model call: waits for its turn, asks a server, hands the answer on piece by piece. A server that is away or
 * busy is asked again, for `patienceMs`, while the call keeps its place. Aborting `ending` ends the call wherever it is; a call
 * that takes too long does that itself.
 */
export async function makeCall(
  parts: Parts,
  worker: Worker,
  call: ModelCall,
  answer: Answer,
  ending: AbortController,
): Promise<void> {
  const { fleet, queue, board, limits } = parts
  await fleet.require(call.model)
  using waiting = board.begin(worker)
  const arrived = performance.now()
  for (let first = false; ; first = true) {
    const wish = {
      choose: (free: readonly Upstream[]) => fleet.choose(free, call.model),
      onPlace: (place: number) =>
        first || waiting.says(fleet.all().length > 0 ? `queued at ${place}` : 'model server is away'),
      first,
    }
    using slot = await queue.take(worker.job, wish, ending.signal)
    if (!first) waiting.ends()
    try {
      return await ask(parts, worker, call, answer, { server: slot.server, waiting, ending })
    } catch (error) {
      if (!(error instanceof GatewayError && error.passing)) throw error
      const now = performance.now()
      const outFor = Math.min(fleet.outFor(slot.server), now - arrived)
      if (outFor > limits.patienceMs) throw error
      fleet.rest(slot.server)
      waiting.counts(
        error.code === 'model_busy' ? 'model server is busy' : 'model server is away',
        now - outFor,
        0,
      )
    }
  }
}

async function ask(
  { fleet, limits, onUsage }: Parts,
  worker: Worker,
  call: ModelCall,
  answer: Answer,
  { server, waiting, ending }: { server: Upstream; waiting: CallWaiting; ending: AbortController },
): Promise<void> {
  const { catalog } = server
  if (catalog.has(call.model) === undefined) await catalog.refresh()
  using _ = endsAfter(limits.callMs, ending)
  const loading = catalog.isLoaded(call.model) ? 'reading the prompt' : 'loading model'
  waiting.counts(loading, performance.now(), limits.quietMs)
  const seen = { pieces: 0, final: undefined as Line | undefined }
  try {
    const stream = await server.generate(call.path, JSON.stringify(call.body), ending.signal)
    fleet.rested(server)
    for await (const piece of pieces(stream, maxPieces(call), limits.answerBytes)) {
      if (seen.pieces === 0) {
        waiting.ends()
        catalog.markLoaded(call.model)
      }
      seen.pieces += piece.lines.length
      seen.final = piece.lines.at(-1)
      await answer.write(piece)
    }
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'model_not_found') catalog.forget()
    throw error
  } finally {
    if (seen.pieces > 0)
      onUsage(worker, {
        tokensIn: seen.final?.prompt_eval_count ?? 0,
        tokensOut: seen.final?.done ? (seen.final.eval_count ?? 0) : seen.pieces,
      })
  }
  await answer.end()
}

/** A token makes one line at most, but for those about the answer itself. */
const maxPieces = ({ maxTokens }: ModelCall) => 2 * maxTokens + 16

/** The answer's lines up to the final one. Throws where the server reports an error, talks nonsense or does not end. */
async function* pieces(
  stream: AsyncIterable<Buffer>,
  most: number,
  mostBytes: number,
): AsyncGenerator<Piece> {
  const reader = createLineReader()
  const total = { lines: 0, bytes: 0 }
  let done = false

  function* checked(piece: Piece): Generator<Piece> {
    total.lines += piece.lines.length
    total.bytes += piece.bytes.length
    const last = piece.lines.findIndex((line) => line.done === true || line.error !== undefined)
    const error = piece.lines[last]?.error
    const good = last < 0 ? piece : upTo(piece, error === undefined ? last + 1 : last)
    if (good.lines.length > 0 && !done) yield good
    done ||= last >= 0
    if (error !== undefined) throw new GatewayError('model_error', error)
    if (piece.nonsense) throw nonsense()
    if (total.lines > most || total.bytes > mostBytes) throw tooLong()
  }

  for await (const chunk of stream) yield* checked(reader.read(chunk))
  yield* checked(reader.rest())
  if (!done) throw new GatewayError('model_error', 'the model server ended its answer before it was done')
}

const nonsense = () =>
  new GatewayError('model_error', 'the model server sent something that is not Ollama’s protocol')
const tooLong = () =>
  new GatewayError('answer_too_long', 'the model server went on past the limits of an answer')

function upTo(piece: Piece, count: number): Piece {
  if (count === piece.lines.length) return piece
  const lines = piece.lines.slice(0, count)
  return { ...piece, lines, bytes: Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join('')) }
}

function endsAfter(ms: number, ending: AbortController): Disposable {
  const end = () =>
    ending.abort(new GatewayError('answer_too_long', `the answer took longer than ${ms / 1000} s`))
  const timer = setTimeout(end, ms)
  return { [Symbol.dispose]: () => clearTimeout(timer) }
}
