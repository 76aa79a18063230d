import type { IncomingMessage } from 'node:http'
import { callerGone, GatewayError } from './gateway-error.ts'

/** Reads a request's body as JSON, whatever its media type says, as Ollama does. Stops at `most` bytes. */
export async function readBody(request: IncomingMessage, most: number): Promise<unknown> {
  const tooLarge = () => new GatewayError('too_large', `the body is larger than ${most} bytes`)
  if (Number(request.headers['content-length'] ?? 0) > most) throw tooLarge()
  // A short body comes with its head: it need not be waited for.
  const whole = request.complete ? (request.read() as Buffer | null) : null
  if (whole !== null) {
    if (whole.length > most) throw tooLarge()
    return parse(whole.toString())
  }
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const chunks: Buffer[] = []
  let bytes = 0
  const onData = (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes <= most) return void chunks.push(chunk)
    request.off('data', onData).pause()
    reject(tooLarge())
  }
  request.on('data', onData).once('end', resolve)
  request.once('close', () => request.readableEnded || reject(callerGone))
  await promise
  return parse(Buffer.concat(chunks).toString())
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new GatewayError('bad_request', 'the body is not JSON')
  }
}
