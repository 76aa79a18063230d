import { EngineError } from './errors.ts'

/** Ollama's own limit; beyond it a caller is better told at once than kept waiting for hours. */
const MAX_WAITING = 512

export interface Queue {
  /**
   * Runs `work` when all earlier work has ended, and gives its result.
   * @throws EngineError 503 when too many wait; the signal's reason when it aborts before its turn
   */
  run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>
}

/** One generation at a time, first come, first served: on a CPU two at once only share its speed. */
export function createQueue(): Queue {
  const waiting: (() => void)[] = []
  let busy = false

  async function turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (!busy) {
      busy = true
      return
    }
    if (waiting.length >= MAX_WAITING) {
      throw new EngineError(503, 'server busy, please try again. maximum pending requests exceeded')
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const leave = () => {
      waiting.splice(waiting.indexOf(enter), 1)
      reject(signal.reason)
    }
    const enter = () => {
      signal.removeEventListener('abort', leave)
      resolve()
    }
    signal.addEventListener('abort', leave, { once: true })
    waiting.push(enter)
    await promise
  }

  return {
    async run(signal, work) {
      await turn(signal)
      try {
        return await work()
      } finally {
        const next = waiting.shift()
        if (next === undefined) busy = false
        else next()
      }
    },
  }
}
