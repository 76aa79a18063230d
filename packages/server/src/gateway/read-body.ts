import type { IncomingMessage } from 'node:http'
import { GatewayError } from './gateway-error.ts'

/** Reads a request's body as JSON, whatever its media type says, as Ollama does. Stops at `most` bytes. */
export async function readBody(request: IncomingMessage, most: number): Promise<unknown> {
  const tooLarge = () => new GatewayError('too_large', `the body is larger than ${most} bytes`)
  if (Number(request.headers['content-length'] ?? 0) > most) throw tooLarge()
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > most) throw tooLarge()
    chunks.push(chunk)
  }
  return parse(Buffer.concat(chunks).toString())
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new GatewayError('bad_request', 'the body is not JSON')
  }
}
