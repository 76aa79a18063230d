import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import type { Logger } from 'pino'
import { startEngine } from '../../../engine/src/start.ts'
import { pause } from '../clock.ts'

export type EmbeddedOptions = {
  modelFile: string
  /** The name that callers ask for. */
  model: string
  log: Logger
}

export type EmbeddedEngine = {
  /** Known before the engine is up, so that calls made meanwhile wait for it like for any model server. */
  url: string
  /** Returns when `signal` has aborted and the engine is gone. */
  run: (signal: AbortSignal) => Promise<void>
}

/**
 * The embedded engine, a process of its own that is started again, later each time, when it ends. It ends with this
 * process, however that ends.
 */
export async function embeddedEngine(options: EmbeddedOptions): Promise<EmbeddedEngine> {
  const port = await freePort()
  return { url: `http://127.0.0.1:${port}`, run: (signal) => run(options, port, signal) }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

async function run({ modelFile, model, log }: EmbeddedOptions, port: number, signal: AbortSignal) {
  for (let failures = 0; !signal.aborted;) {
    const began = performance.now()
    const why = await lifeOf(() => startEngine({ modelFile, name: model, port, signal }))
    if (signal.aborted) return
    failures = performance.now() - began > 60_000 ? 0 : failures + 1
    log.warn({ why, failures }, 'the embedded engine ended; it is started again')
    await pause(Math.min(30_000, 500 * 2 ** failures), signal)
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
