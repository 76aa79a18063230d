import { VitrineApiError, VitrineConnectionError } from './error.ts'

const patience = 120_000
const longestPause = 5_000

/**
 * Reads a stream to its true end, over connections that break. `open` starts it where the last one ended; `over` tells,
 * after a stream ended quietly, whether there was no more to come (a server that shuts down ends its streams too).
 * The first connection must work; later ones are tried again for two minutes.
 */
export async function* follow<T>(
  open: () => Promise<AsyncIterable<T>>,
  over: () => Promise<boolean>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T, void, undefined> {
  let source: AsyncIterable<T> | undefined = await open()
  let lastAnswer = Date.now()
  let pause = 100
  while (true) {
    try {
      source ??= await open()
      for await (const item of source) {
        yield item
        pause = 100
        lastAnswer = Date.now()
      }
      if (await over()) return
    } catch (error) {
      signal?.throwIfAborted()
      if (!isPassing(error) || Date.now() - lastAnswer > patience) throw error
    }
    source = undefined
    await sleep(pause, signal)
    pause = Math.min(pause * 2, longestPause)
  }
}

const isPassing = (error: unknown): boolean =>
  error instanceof VitrineConnectionError ||
  (error instanceof VitrineApiError && [502, 503, 504].includes(error.status))

/** `node:timers/promises` would keep this out of browsers. */
function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer)
      reject(signal?.reason as Error)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', end)
      resolve()
    }, milliseconds)
    signal?.addEventListener('abort', end, { once: true })
  })
}
