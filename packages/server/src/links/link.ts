import { randomBytes } from 'node:crypto'
import type { Duplex, Readable } from 'node:stream'
import { AgentStatus, FileList, linkPaths, NumberedEvent, type Assignment } from '@vitrine/contract/link.ts'
import type { TerminalSize } from '@vitrine/contract/terminal.ts'
import { LinkBreach, Requests } from './requests.ts'

const eventBytes = 4 * 1024 * 1024

/** The server's side of a link: what it asks of an agent (`linkPaths`). Every method throws as `Requests` does. */
export class Link {
  readonly sandbox: string
  readonly closed: Promise<void>
  readonly #requests: Requests
  readonly #streams = new Set<Duplex>()
  readonly #awaited = new Map<string, (socket: Duplex) => void>()

  constructor(sandbox: string, socket: Duplex) {
    this.sandbox = sandbox
    this.#requests = new Requests(sandbox, socket)
    this.closed = this.#requests.closed.then(() => {
      for (const stream of this.#streams) stream.destroy()
    })
  }

  get isOpen(): boolean {
    return this.#requests.isOpen
  }

  close(): void {
    this.#requests.close()
  }

  status(signal: AbortSignal): Promise<AgentStatus> {
    return this.#requests.json('GET', linkPaths.status, AgentStatus, signal)
  }

  /** False where the sandbox has taken another assignment before. */
  async assign(assignment: Assignment, signal: AbortSignal): Promise<boolean> {
    const content = JSON.stringify(assignment)
    const { status } = await this.#requests.send('PUT', linkPaths.assignment, signal, content, [204, 409])
    return status === 204
  }

  /** Ends the work of a run, unless another one has begun; the desktop stays. */
  async cancel(run: number, signal: AbortSignal): Promise<void> {
    await this.#requests.send('POST', `${linkPaths.cancel}?run=${run}`, signal, '')
  }

  /** Lets the sandbox end itself so many seconds from now, unless told otherwise before. */
  async live(seconds: number, signal: AbortSignal): Promise<void> {
    const content = JSON.stringify({ seconds: Math.max(0, seconds) })
    await this.#requests.send('PUT', linkPaths.life, signal, content)
  }

  /** Tells whether somebody drives the desktop. An agent of an image without this goes on as if nobody did. */
  async driven(isDriven: boolean, signal: AbortSignal): Promise<void> {
    const content = JSON.stringify({ driven: isDriven })
    await this.#requests.send('PUT', linkPaths.driven, signal, content, [204, 404])
  }

  /** The agent's events after number `after`, first those it kept, then live, until the link breaks. */
  async *events(after: number, signal: AbortSignal): AsyncGenerator<NumberedEvent[]> {
    const stream = await this.#requests.read(`${linkPaths.events}?after=${after}`, signal)
    let rest = ''
    let last = after
    stream.setEncoding('utf8')
    for await (const chunk of stream as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      if (rest.length > eventBytes) throw new LinkBreach(this.sandbox, 'sent an event that is too long')
      const events: NumberedEvent[] = []
      for (const one of lines.map((line) => this.#requests.parse(line, NumberedEvent))) {
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
    await this.#requests.send('POST', linkPaths.acknowledge, signal, JSON.stringify({ upTo }))
  }

  /** A stream of RFB bytes to and from the X server, which ends with the link; `signal` bounds its opening, not its life. */
  async desktop(signal: AbortSignal): Promise<Duplex> {
    const ticket = randomBytes(18).toString('base64url')
    const dialled = Promise.withResolvers<Duplex>()
    dialled.promise.catch(() => {}) // where it comes too late, or is not needed
    this.#awaited.set(ticket, dialled.resolve)
    const abort = () => dialled.reject(signal.reason)
    signal.addEventListener('abort', abort)
    try {
      const path = `${linkPaths.desktop}?ticket=${ticket}`
      const { status, stream } = await this.#requests.open(path, signal, [200, 204])
      if (status === 200) return stream
      stream.end()
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
    const path = `${linkPaths.terminal}?columns=${columns}&rows=${rows}`
    return (await this.#requests.open(path, signal)).stream
  }

  files(signal: AbortSignal): Promise<FileList> {
    return this.#requests.json('GET', linkPaths.files, FileList, signal)
  }

  readFile(path: string, signal: AbortSignal): Promise<Readable> {
    return this.#requests.read(`${linkPaths.file}?path=${encodeURIComponent(path)}`, signal)
  }

  /**
   * Writes a file under /output, whole or not at all; the body is read or destroyed. Throws what the body threw, or why
   * the agent refused it.
   */
  writeFile(path: string, body: Readable, signal: AbortSignal): Promise<void> {
    return this.#requests.put(`${linkPaths.file}?path=${encodeURIComponent(path)}`, body, signal)
  }
}
