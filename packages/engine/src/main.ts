import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import packageJson from '../package.json' with { type: 'json' }
import { createContext } from './context.ts'
import { parseFlags, USAGE, type Flags } from './flags.ts'
import { loadModel } from './model.ts'
import { createQueue } from './queue.ts'
import { createEngineServer } from './serve.ts'

try {
  await run(process.argv.slice(2))
} catch (error) {
  console.error(`engine: ${error instanceof Error ? error.message : String(error)}`)
  process.exit(1)
}

async function run(argv: readonly string[]): Promise<void> {
  if (argv.includes('--help')) {
    console.log(USAGE)
    return
  }
  const flags = parseFlags(argv)
  stopOn(flags)
  const model = await loadModel(flags.modelFile, flags.name)
  const context = createContext(model.llama)
  const server = createEngineServer({ version: packageJson.version, model, context, queue: createQueue() })
  if ('path' in flags.listen) await rm(flags.listen.path, { force: true })
  server.listen(flags.listen)
  await once(server, 'listening')
  const address = server.address()
  // The line that whoever started the engine waits for.
  console.log(`engine: ready at ${readable(address)} with ${model.name}`)
}

/** The model is only read, so there is nothing to save: leaving at once is the cleanest end. */
function stopOn({ untilStdinEnds }: Flags): void {
  const stop = () => process.exit(0)
  process.once('SIGTERM', stop).once('SIGINT', stop)
  if (untilStdinEnds) process.stdin.once('close', stop).resume()
}

function readable(address: AddressInfo | string | null): string {
  return typeof address === 'object' ? `http://127.0.0.1:${address?.port}` : `unix:${address}`
}
