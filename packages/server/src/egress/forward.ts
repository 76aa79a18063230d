import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { Passage } from './passage.ts'
import { Refusal } from './refusal.ts'

/** Sends a plain HTTP request on and its answer back. A redirection goes back as it is: where it leads is asked anew. */
export async function passRequest(
  { attempt, target, far, flow }: Passage,
  request: IncomingMessage,
  response: ServerResponse,
  headerMs: number,
): Promise<void> {
  const { signal } = attempt
  const { host, port, path } = target
  const call = httpRequest({
    method: attempt.method,
    path,
    // The target decides whom the request is for, whatever its own Host says (RFC 9112, 3.2.2).
    headers: ['Host', port === 80 ? host : `${host}:${port}`, ...requestHeaders(request)],
    createConnection: () => far,
    signal,
  })
  request.on('data', (chunk: Buffer) => flow.sent(chunk.length)).pipe(call)
  const answer = await answerOf(call, headerMs).catch((error: unknown) => {
    call.destroy()
    throw broken(error, signal)
  })
  answer.on('data', (chunk: Buffer) => flow.received(chunk.length))
  try {
    response.writeHead(answer.statusCode!, endToEnd(answer))
    await pipeline(answer, response, { signal })
  } catch (error) {
    throw broken(error, signal)
  } finally {
    call.destroy()
  }
}

function answerOf(call: ReturnType<typeof httpRequest>, headerMs: number): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const late = setTimeout(
    () => reject(new Refusal(504, `no answer began within ${headerMs / 1000} s`)),
    headerMs,
  )
  call.once('response', resolve)
  call.on('error', reject)
  return promise.finally(() => clearTimeout(late))
}

function broken(error: unknown, signal: AbortSignal): Refusal {
  if (signal.aborted) return signal.reason as Refusal
  if (error instanceof Refusal) return error
  const { code = String(error) } = error as NodeJS.ErrnoException
  return new Refusal(502, `its answer broke off (${code})`)
}

/** A body is framed as it came: one of chunks that has lost its header would be read as the next request. */
function requestHeaders(request: IncomingMessage): string[] {
  const isChunked = request.headers['transfer-encoding'] !== undefined
  return [...endToEnd(request), ...(isChunked ? ['Transfer-Encoding', 'chunked'] : [])]
}

const hopByHop = [
  ['connection', 'proxy-connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
  ['proxy-authorization', 'proxy-authenticate', 'proxy-authentication-info', 'expect'],
].flat()

/** The headers that are not about one connection alone (RFC 9110, 7.6.1), and that there was a proxy (7.6.3). */
function endToEnd({ headers, rawHeaders }: IncomingMessage): string[] {
  const named = (headers.connection ?? '').split(',').map((word) => word.trim().toLowerCase())
  const dropped = new Set([...hopByHop, 'host', ...named])
  const kept: string[] = []
  for (let at = 0; at < rawHeaders.length; at += 2)
    if (!dropped.has(rawHeaders[at]!.toLowerCase())) kept.push(rawHeaders[at]!, rawHeaders[at + 1]!)
  return [...kept, 'Via', '1.1 vitrine']
}
