import { VitrineConnectionError } from './error.ts'

/**
 * The lines of a body, without their ends. A last line that no newline ends is given where the body ended well; where the
 * connection broke it is dropped, and `VitrineConnectionError` thrown.
 */
export async function* lines(
  response: Response,
  signal?: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  if (!response.body) return
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  let rest = ''
  try {
    while (true) {
      const { done, value } = await read(reader, signal)
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true })
      const complete = rest.split('\n')
      rest = complete.pop() ?? ''
      yield* complete
      if (done) break
    }
    if (rest !== '') yield rest
  } finally {
    // The caller may have stopped early; a reader that already failed has nothing left to cancel.
    await reader.cancel().catch(() => undefined)
  }
}

async function read(reader: ReadableStreamDefaultReader<Uint8Array>, signal: AbortSignal | undefined) {
  try {
    return await reader.read()
  } catch (error) {
    signal?.throwIfAborted()
    throw new VitrineConnectionError('the connection broke in the middle of an answer', { cause: error })
  }
}
