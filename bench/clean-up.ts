/** What is still to be cleaned up, in the order in which it came. */
const left = new Set<() => Promise<void>>()
let isListening = false
let isInterrupted = false

/** Gives `clean` as something that runs once: when it is called, or when the benchmark is interrupted before. */
export function cleanUp(clean: () => Promise<unknown>): () => Promise<void> {
  if (isInterrupted) throw new Error('the benchmark was interrupted')
  listen()
  let cleaned: Promise<void> | undefined
  const once = () => {
    cleaned ??= clean().then(() => {})
    return cleaned.finally(() => left.delete(once))
  }
  left.add(once)
  return once
}

function listen(): void {
  if (isListening) return
  isListening = true
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void end())
}

async function end(): Promise<void> {
  isInterrupted = true
  // What is under way breaks off, and the containers must still go.
  process.on('uncaughtException', () => undefined)
  for (const clean of [...left].toReversed()) {
    await clean().catch((error: unknown) => console.error(String(error)))
  }
  process.exit(130)
}
