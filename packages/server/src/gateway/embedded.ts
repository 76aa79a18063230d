import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { startEngine } from '../../../engine/src/start.ts'

export type EmbeddedOptions = {
  modelFile: string
  /** The name that callers ask for. */
  model: string
  /** Where it listens on 127.0.0.1. */
  port: number
  log: Logger
}

/**
 * Runs the embedded engine as a process of its own, and starts it again, later each time, when it ends. It ends with
 * this process, however that ends. Returns when `signal` has aborted and the engine is gone.
 */
export async function runEmbedded(options: EmbeddedOptions, signal: AbortSignal): Promise<void> {
  const { modelFile, model, port, log } = options
  for (let failures = 0; !signal.aborted;) {
    const began = performance.now()
    const why = await lifeOf(() => startEngine({ modelFile, name: model, port, signal }))
    if (signal.aborted) return
    failures = performance.now() - began > 60_000 ? 0 : failures + 1
    log.warn({ why, failures }, 'the embedded engine ended; it is started again')
    await sleep(Math.min(30_000, 500 * 2 ** failures), undefined, { signal }).catch(() => undefined)
  }
}

/** Why an engine ended, or did not start. */
async function lifeOf(start: () => ReturnType<typeof startEngine>): Promise<string> {
  try {
    const engine = await start()
    return await engine.exited
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
