import http2 from 'node:http2'
import { PassThrough, type Duplex, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { VitrineError } from '@vitrine/contract/error.ts'
import { z } from 'zod'

/** Below the five seconds within which the API answers. */
const answerMilliseconds = 4_500
const answerBytes = 4 * 1024 * 1024
const pingMilliseconds = 10_000
/** Bytes on the way on one stream, and on the link: what its readers have not taken yet. */
const window = 1024 * 1024
/** The body of an answer that is none of a success. */
const Refusal = z.object({ error: z.string() })

/**
 * Requests to the agent at the other end of a socket, by HTTP/2. Nothing that comes from it is trusted: answers are
 * bounded, timed and parsed. Every method throws `unavailable` when the link breaks, as a `LinkBreach` where the agent
 * broke the protocol.
 */
export class Requests {
  readonly closed: Promise<void>
  readonly #sandbox: string
  readonly #session: http2.ClientHttp2Session

  constructor(sandbox: string, socket: Duplex) {
    this.#sandbox = sandbox
    this.#session = http2.connect('http://sandbox', {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: window },
    })
    this.#session.once('connect', () => {
      if (!this.#session.destroyed) this.#session.setLocalWindowSize(window)
    })
    const { promise, resolve } = Promise.withResolvers<void>()
    this.closed = promise
    const ping = setInterval(() => this.#ping(), pingMilliseconds)
    this.#session.on('error', () => this.#session.destroy())
    this.#session.on('close', () => {
      clearInterval(ping)
      resolve()
    })
  }

  get isOpen(): boolean {
    return !this.#session.destroyed && !this.#session.closed
  }

  close(): void {
    this.#session.destroy()
  }

  async json<T extends z.ZodType>(method: string, path: string, type: T, signal: AbortSignal) {
    const { body } = await this.send(method, path, signal)
    return this.parse(body, type)
  }

  /** One bounded request and its whole answer, of one of the `expected` statuses. */
  async send(method: string, path: string, signal: AbortSignal, content?: string, expected = [200, 204]) {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(answerMilliseconds)])
    const request = this.#request(method, path, bounded)
    const answer = bodyOf(request)
    request.end(content)
    const status = await this.#status(request, expected)
    return { status, body: await this.#text(answer, path) }
  }

  /** The body of an answer that has begun; `signal` ends it. */
  async read(path: string, signal: AbortSignal): Promise<Readable> {
    const request = this.#request('GET', path, signal)
    const body = bodyOf(request)
    request.end()
    await this.#begun(request)
    return body
  }

  /** A request whose body and answer are streams; `signal` bounds its opening, not its life. */
  async open(
    path: string,
    signal: AbortSignal,
    expected = [200],
  ): Promise<{ status: number; stream: Duplex }> {
    const opening = new AbortController()
    const abort = () => opening.abort(signal.reason)
    signal.addEventListener('abort', abort)
    try {
      const stream = this.#request('POST', path, opening.signal)
      return { status: await this.#begun(stream, expected), stream }
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  /** Sends a body, which is read or destroyed. Throws what the body threw, or why the agent refused it. */
  async put(path: string, body: Readable, signal: AbortSignal): Promise<void> {
    using stack = new DisposableStack()
    stack.defer(() => body.destroy())
    const request = this.#request('PUT', path, signal)
    const answer = bodyOf(request)
    const sent = pipeline(body, request)
    const status = await this.#status(request, [204, 400, 413]).catch(async (error: unknown) => {
      await sent.catch((cause: unknown) => {
        if (cause instanceof VitrineError) throw cause
      })
      throw error
    })
    if (status === 204) return await sent
    const { error } = this.parse(await this.#text(answer, path), Refusal)
    // A refusal comes before all was sent. To end the request then would end the process, within Node: the rest is sent
    // too, and the agent passes over it.
    await sent.catch(() => {})
    throw new VitrineError(status === 413 ? 'too_large' : 'bad_request', `${error.slice(0, 500)}.`)
  }

  parse<T extends z.ZodType>(text: string, type: T): z.infer<T> {
    try {
      return type.parse(JSON.parse(text))
    } catch (error) {
      throw new LinkBreach(this.#sandbox, `sent what is not of the link's protocol: ${String(error)}`)
    }
  }

  #request(method: string, path: string, signal: AbortSignal): http2.ClientHttp2Stream {
    if (this.#session.destroyed) throw broken(this.#sandbox, 'is not connected')
    const request = this.#session.request({ ':method': method, ':path': path }, { endStream: false, signal })
    request.on('error', () => undefined)
    return request
  }

  async #begun(request: http2.ClientHttp2Stream, expected = [200]): Promise<number> {
    const slow = setTimeout(() => request.close(http2.constants.NGHTTP2_CANCEL), answerMilliseconds)
    return this.#status(request, expected).finally(() => clearTimeout(slow))
  }

  async #status(request: http2.ClientHttp2Stream, expected: number[]): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    request.once('response', (headers) => resolve(headers[':status'] ?? 0))
    request.once('error', (error) => reject(broken(this.#sandbox, `broke off: ${error.message}`)))
    request.once('close', () => reject(broken(this.#sandbox, 'closed the request')))
    const status = await promise
    if (expected.includes(status)) return status
    if (request.writableEnded) request.close()
    if (status === 404) throw new VitrineError('not_found', 'The sandbox has no such file.')
    throw broken(this.#sandbox, `answered with status ${status}`)
  }

  async #text(answer: Readable, path: string): Promise<string> {
    let text = ''
    for await (const chunk of answer.setEncoding('utf8') as AsyncIterable<string>) {
      text += chunk
      if (text.length > answerBytes) throw new LinkBreach(this.#sandbox, `answered ${path} with too much`)
    }
    return text
  }

  #ping(): void {
    const late = setTimeout(() => this.#session.destroy(), 2 * pingMilliseconds)
    const sent = !this.#session.destroyed && this.#session.ping(() => clearTimeout(late))
    if (!sent) clearTimeout(late)
  }
}

/**
 * The body of an answer, to be taken before the request is sent: an HTTP/2 stream counts as closed as soon as its last
 * frame has come, and whoever starts to read it only then is told that it broke off.
 */
function bodyOf(request: http2.ClientHttp2Stream): Readable {
  const body = request.pipe(new PassThrough())
  // Who reads it is told of the error too; where the request itself failed, nobody ever will.
  body.on('error', () => undefined)
  request.once('close', () => {
    if (!request.readableEnded) body.destroy(new Error('the stream broke off'))
  })
  body.once('close', () => {
    if (!request.readableEnded) request.close(http2.constants.NGHTTP2_CANCEL)
  })
  return body
}

/** What came over the link is not what an agent sends: it is broken or hostile, and dialling again mends nothing. */
export class LinkBreach extends VitrineError {
  constructor(sandbox: string, what: string) {
    super('unavailable', `The agent in sandbox ${sandbox} ${what}.`)
  }
}

const broken = (sandbox: string, what: string) =>
  new VitrineError('unavailable', `The agent in sandbox ${sandbox} ${what}.`)
