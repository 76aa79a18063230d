import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

export interface EngineProcess {
  /** Where it serves: `http://127.0.0.1:<port>`. */
  url: string
  pid: number
  /** Settles when the process has ended, with the reason in words, however it ended. */
  exited: Promise<string>
  /** Ends the process and waits until it is gone. */
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts an engine on a free port and waits until its model is loaded. It ends with this process, however that ends.
 *
 * @param log gets each line that the engine prints
 * @throws Error with what the engine printed, when it does not come up; the signal's reason when aborted before that
 */
export async function startEngine(options: {
  modelFile: string
  name: string
  port?: number
  signal?: AbortSignal
  log?: (line: string) => void
}): Promise<EngineProcess> {
  const { modelFile, name, port = 0, signal, log = () => {} } = options
  signal?.throwIfAborted()
  const main = new URL('main.ts', import.meta.url).pathname
  const argv = [main, '--model-file', modelFile, '--name', name, '--port', String(port), '--until-stdin-ends']
  const child = spawn(process.execPath, argv, { stdio: ['pipe', 'pipe', 'pipe'] })
  const exited = ended(child)
  const stop = async () => {
    child.kill('SIGTERM')
    await exited
  }

  const printed: string[] = []
  const ready = Promise.withResolvers<string>()
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      log(line)
      printed.push(line)
      printed.splice(0, printed.length - 20)
      const url = /^engine: ready at (\S+)/.exec(line)?.[1]
      if (url !== undefined) ready.resolve(url)
    })
  }
  signal?.addEventListener('abort', () => void child.kill('SIGTERM'), { once: true })

  const url = await Promise.race([ready.promise, exited.then(() => undefined)])
  signal?.throwIfAborted()
  if (url === undefined || child.pid === undefined) {
    throw new Error(`the embedded engine did not start (${await exited}):\n${printed.join('\n')}`)
  }
  return { url, pid: child.pid, exited, stop, [Symbol.asyncDispose]: stop }
}

async function ended(child: ReturnType<typeof spawn>): Promise<string> {
  try {
    // `close` comes after all output was read, so that nothing the engine said is missed.
    const [code, signal] = await once(child, 'close')
    return signal === null ? `exit code ${code}` : `ended by ${signal}`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
