import { randomBytes } from 'node:crypto'
import http2 from 'node:http2'
import { PassThrough, type Duplex, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { VitrineError } from '@vitrine/contract/error.ts'
import { AgentStatus, FileList, linkPaths, NumberedEvent, type Assignment } from '@vitrine/contract/link.ts'
import type { TerminalSize } from '@vitrine/contract/terminal.ts'
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
 * The server's side of a link: the client of an agent's HTTP/2 endpoints (`linkPaths`). Nothing that comes from the
 * agent is trusted: answers are bounded, timed and parsed. Every method throws `unavailable` when the link breaks, as a
 * `LinkBreach` where the agent broke the protocol.
 */
export class Link {
  readonly sandbox: string
  readonly closed: Promise<void>
  readonly #session: http2.ClientHttp2Session
  readonly #streams = new Set<Duplex>()
  readonly #awaited = new Map<string, (socket: Duplex) => void>()

  constructor(sandbox: string, socket: Duplex) {
    this.sandbox = sandbox
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
      for (const stream of this.#streams) stream.destroy()
      resolve()
    })
  }

  get isOpen(): boolean {
    return !this.#session.destroyed && !this.#session.closed
  }

  close(): void {
    this.#session.destroy()
  }

  status(signal: AbortSignal): Promise<AgentStatus> {
    return this.#json('GET', linkPaths.status, AgentStatus, signal)
  }

  /** False where the sandbox has taken another assignment before. */
  async assign(assignment: Assignment, signal: AbortSignal): Promise<boolean> {
    const { status } = await this.#send(
      'PUT',
      linkPaths.assignment,
      signal,
      JSON.stringify(assignment),
      [204, 409],
    )
    return status === 204
  }

  /** Ends the work of a run, unless another one has begun; the desktop stays. */
  async cancel(run: number, signal: AbortSignal): Promise<void> {
    await this.#send('POST', `${linkPaths.cancel}?run=${run}`, signal, '')
  }

  /** Lets the sandbox end itself so many seconds from now, unless told otherwise before. */
  async live(seconds: number, signal: AbortSignal): Promise<void> {
    await this.#send('PUT', linkPaths.life, signal, JSON.stringify({ seconds: Math.max(0, seconds) }))
  }

  /** Tells whether somebody drives the desktop. An agent of an image without this goes on as if nobody did. */
  async driven(isDriven: boolean, signal: AbortSignal): Promise<void> {
    const told = JSON.stringify({ driven: isDriven })
    await this.#send('PUT', linkPaths.driven, signal, told, [204, 404])
  }

  /** The agent's events after number `after`, first those it kept, then live, until the link breaks. */
  async *events(after: number, signal: AbortSignal): AsyncGenerator<NumberedEvent[]> {
    const stream = await this.#read(`${linkPaths.events}?after=${after}`, signal)
    let rest = ''
    let last = after
    stream.setEncoding('utf8')
    for await (const chunk of stream as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      if (rest.length > answerBytes) throw new LinkBreach(this.sandbox, 'sent an event that is too long')
      const events: NumberedEvent[] = []
      for (const one of lines.map((line) => this.#parse(line, NumberedEvent))) {
        // After a break the agent tells again what was not acknowledged.
        if (one.number <= last) continue
        if (one.number !== last + 1) throw new LinkBreach(this.sandbox, `skipped event ${last + 1}`)
        last = one.number
        events.push(one)
      }
      if (events.length > 0) yield events
    }
  }

  async acknowledge(upTo: number, signal: AbortSignal): Promise<void> {
    await this.#send('POST', linkPaths.acknowledge, signal, JSON.stringify({ upTo }))
  }

  /** A stream of RFB bytes to and from the X server, which ends with the link; `signal` bounds its opening, not its life. */
  async desktop(signal: AbortSignal): Promise<Duplex> {
    const ticket = randomBytes(18).toString('base64url')
    const dialled = Promise.withResolvers<Duplex>()
    dialled.promise.catch(() => {}) // where it comes too late, or is not needed
    this.#awaited.set(ticket, dialled.resolve)
    const opening = new AbortController()
    const abort = () => {
      opening.abort(signal.reason)
      dialled.reject(signal.reason)
    }
    signal.addEventListener('abort', abort)
    try {
      const request = this.#request('POST', `${linkPaths.desktop}?ticket=${ticket}`, opening.signal)
      const status = await this.#begun(request, [200, 204])
      if (status === 200) return request
      request.end()
      return await dialled.promise
    } catch (error) {
      void dialled.promise.then((socket) => socket.destroy()).catch(() => {})
      throw error
    } finally {
      signal.removeEventListener('abort', abort)
      this.#awaited.delete(ticket)
    }
  }

  /** Takes a connection that the agent has dialled for `ticket`; false where nobody waits for it. */
  take(ticket: string, socket: Duplex): boolean {
    const resolve = this.#awaited.get(ticket)
    if (!resolve || !this.#awaited.delete(ticket)) return false
    this.#streams.add(socket)
    socket.once('close', () => this.#streams.delete(socket))
    resolve(socket)
    return true
  }

  /** A shell: frames of the contract's `terminal.ts` in, what it prints out; `signal` bounds its opening, not its life. */
  async terminal({ columns, rows }: TerminalSize, signal: AbortSignal): Promise<Duplex> {
    const opening = new AbortController()
    const abort = () => opening.abort(signal.reason)
    signal.addEventListener('abort', abort)
    try {
      const path = `${linkPaths.terminal}?columns=${columns}&rows=${rows}`
      const request = this.#request('POST', path, opening.signal)
      await this.#begun(request)
      return request
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  files(signal: AbortSignal): Promise<FileList> {
    return this.#json('GET', linkPaths.files, FileList, signal)
  }

  readFile(path: string, signal: AbortSignal): Promise<Readable> {
    return this.#read(`${linkPaths.file}?path=${encodeURIComponent(path)}`, signal)
  }

  /**
   * Writes a file under /output, whole or not at all; the body is read or destroyed. Throws what the body threw, or why
   * the agent refused it.
   */
  async writeFile(path: string, body: Readable, signal: AbortSignal): Promise<void> {
    using stack = new DisposableStack()
    stack.defer(() => body.destroy())
    const request = this.#request('PUT', `${linkPaths.file}?path=${encodeURIComponent(path)}`, signal)
    const answer = bodyOf(request)
    const sent = pipeline(body, request)
    const status = await this.#status(request, [204, 400, 413]).catch(async (error: unknown) => {
      await sent.catch((cause: unknown) => {
        if (cause instanceof VitrineError) throw cause
      })
      throw error
    })
    if (status === 204) return await sent
    const { error } = this.#parse(await this.#text(answer, path), Refusal)
    // A refusal comes before all was sent. To end the request then would end the process, within Node: the rest is sent
    // too, and the agent passes over it.
    await sent.catch(() => {})
    throw new VitrineError(status === 413 ? 'too_large' : 'bad_request', `${error.slice(0, 500)}.`)
  }

  async #json<T extends z.ZodType>(method: string, path: string, type: T, signal: AbortSignal) {
    const { body } = await this.#send(method, path, signal)
    return this.#parse(body, type)
  }

  #parse<T extends z.ZodType>(text: string, type: T): z.infer<T> {
    try {
      return type.parse(JSON.parse(text))
    } catch (error) {
      throw new LinkBreach(this.sandbox, `sent what is not of the link's protocol: ${String(error)}`)
    }
  }

  /** One bounded request and its whole answer. */
  async #send(method: string, path: string, signal: AbortSignal, content?: string, expected = [200, 204]) {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(answerMilliseconds)])
    const request = this.#request(method, path, bounded)
    const answer = bodyOf(request)
    request.end(content)
    const status = await this.#status(request, expected)
    return { status, body: await this.#text(answer, path) }
  }

  async #text(answer: Readable, path: string): Promise<string> {
    let text = ''
    for await (const chunk of answer.setEncoding('utf8') as AsyncIterable<string>) {
      text += chunk
      if (text.length > answerBytes) throw new LinkBreach(this.sandbox, `answered ${path} with too much`)
    }
    return text
  }

  /** The body of an answer that has begun. */
  async #read(path: string, signal: AbortSignal): Promise<Readable> {
    const request = this.#request('GET', path, signal)
    const body = bodyOf(request)
    request.end()
    await this.#begun(request)
    return body
  }

  async #begun(request: http2.ClientHttp2Stream, expected = [200]): Promise<number> {
    const slow = setTimeout(() => request.close(http2.constants.NGHTTP2_CANCEL), answerMilliseconds)
    return this.#status(request, expected).finally(() => clearTimeout(slow))
  }

  #request(method: string, path: string, signal: AbortSignal): http2.ClientHttp2Stream {
    if (this.#session.destroyed) throw broken(this.sandbox, 'is not connected')
    const request = this.#session.request({ ':method': method, ':path': path }, { endStream: false, signal })
    request.on('error', () => undefined)
    return request
  }

  async #status(request: http2.ClientHttp2Stream, expected: number[]): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    request.once('response', (headers) => resolve(headers[':status'] ?? 0))
    request.once('error', (error) => reject(broken(this.sandbox, `broke off: ${error.message}`)))
    request.once('close', () => reject(broken(this.sandbox, 'closed the request')))
    const status = await promise
    if (expected.includes(status)) return status
    if (request.writableEnded) request.close()
    if (status === 404) throw new VitrineError('not_found', 'The sandbox has no such file.')
    throw broken(this.sandbox, `answered with status ${status}`)
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
