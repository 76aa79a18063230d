import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Logger } from 'pino'

const engine = fileURLToPath(new URL('../../../engine/src/main.ts', import.meta.url))

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
    const child = spawn(
      process.execPath,
      [engine, '--model-file', modelFile, '--name', model, '--port', String(port), '--until-stdin-ends'],
      { stdio: ['pipe', 'ignore', 'pipe'], signal },
    )
    const began = performance.now()
    child.on('error', () => undefined)
    createInterface({ input: child.stderr }).on('line', (line) => log.warn({ line }, 'the embedded engine'))
    const code = await ended(child)
    if (signal.aborted) return
    failures = performance.now() - began > 60_000 ? 0 : failures + 1
    log.warn({ code, failures }, 'the embedded engine ended; it is started again')
    await sleep(Math.min(30_000, 500 * 2 ** failures), undefined, { signal }).catch(() => undefined)
  }
}

async function ended(child: ChildProcess): Promise<number | string | null> {
  const [code, killedBy] = (await once(child, 'close')) as [number | null, string | null]
  return code ?? killedBy
}
