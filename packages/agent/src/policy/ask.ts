import { setTimeout as sleep } from 'node:timers/promises'
import type { AgentEvent } from '@vitrine/contract/event.ts'
import { goesRound } from './goes-round.ts'
import { generate, ModelError, type Generation, type ModelAddress } from '../model-server.ts'
import type { WorkClock } from './work-clock.ts'

/** How long a model server may be away before an agent without a gateway gives up; a gateway has waited as long as it may. */
const patience = 5 * 60_000
const longestDelay = 10_000
const brokenAnswers = 3
/** The gateway bounds its own waiting; this is for a server that takes a call and never answers. */
const firstWordMilliseconds = 30 * 60_000

export type Answer = {
  text: string
  thinking: string
  /** The model server's own word, or `loop` where the answer went round and was ended. */
  doneReason: string
  tokensIn: number
  tokensOut: number
  seconds: number
}

export type Asking = {
  address: ModelAddress
  clock: WorkClock
  emit: (event: AgentEvent) => void
  /** Tells what the model is waited for; null: it answers. */
  waits: (message: string | null) => void
  signal: AbortSignal
}

/** Tells each reason to wait once, however often it is met again. */
export function waitingTold(emit: (event: AgentEvent) => void): Asking['waits'] {
  let told: string | null = null
  return (message) => {
    if (message === told) return
    told = message
    emit({ type: 'model.waiting', data: { waiting: message === null ? null : { for: 'model', message } } })
  }
}

/**
 * Asks the model and streams its words as events of a candidate. While the model server is away or busy the call is made
 * again, the job waits visibly and its time stands still. Throws `ModelError` when patience ends.
 */
export function ask(candidate: number, generation: Generation, asking: Asking): Promise<Answer> {
  return patiently(() => once(candidate, generation, asking), asking)
}

/** Calls `attempt` again while the model server is away, as `ask` does. */
export async function patiently<T>(attempt: () => Promise<T>, asking: Asking): Promise<T> {
  const giveUp = performance.now() + patience
  let broken = 0
  for (let delay = 500; ; delay = Math.min(longestDelay, delay * 2)) {
    try {
      const result = await attempt()
      asking.waits(null)
      return result
    } catch (error) {
      if (!(error instanceof ModelError) || !error.passing) throw error
      if (error.code === 'model_error' && ++broken >= brokenAnswers) throw error
      if (performance.now() + delay > giveUp) throw error
      await wait(error, delay, asking)
    }
  }
}

async function wait(error: ModelError, delay: number, { clock, waits, signal }: Asking): Promise<void> {
  waits(error.message)
  clock.pause()
  try {
    await sleep(delay, undefined, { signal })
  } finally {
    clock.resume()
  }
}

async function once(candidate: number, generation: Generation, asking: Asking): Promise<Answer> {
  const { address, clock, emit, waits, signal } = asking
  const answer = { text: '', thinking: '', doneReason: 'stop', tokensIn: 0, tokensOut: 0 }
  let pieces = 0
  const begun = performance.now()
  const silent = new AbortController()
  const late = setTimeout(
    () =>
      silent.abort(
        new ModelError('model_unavailable', 'the model server took the call and did not answer', false),
      ),
    firstWordMilliseconds,
  )
  clock.pause()
  try {
    for await (const piece of generate(address, generation, AbortSignal.any([signal, silent.signal]))) {
      clearTimeout(late)
      clock.resume()
      waits(null)
      if ('doneReason' in piece) {
        Object.assign(answer, piece)
        continue
      }
      answer.text += piece.text
      answer.thinking += piece.thinking
      if (piece.thinking) emit({ type: 'candidate.thinking', data: { candidate, text: piece.thinking } })
      if (piece.text) emit({ type: 'candidate.text', data: { candidate, text: piece.text } })
      pieces += 1
      if (goesRound(answer.text) || goesRound(answer.thinking)) {
        Object.assign(answer, { doneReason: 'loop', tokensOut: pieces })
        break
      }
    }
  } finally {
    clearTimeout(late)
    clock.resume()
  }
  return { ...answer, seconds: (performance.now() - begun) / 1000 }
}
