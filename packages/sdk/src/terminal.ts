import type { TerminalMessage, TerminalSize } from '@vitrine/contract/terminal.ts'
import type { Transport } from './transport.ts'

/** Told of in pieces of this size, well below what the server sends ahead. */
const tellAfterBytes = 64 * 1024

/** `ended`: the shell did. `broken`: a new terminal may work. `refused`: it would be refused again. */
export type TerminalEnd = { how: 'ended' | 'broken' | 'refused'; reason: string }

/**
 * A new shell in a job's live sandbox, until it is closed or either side ends it. What was started in it ends with it.
 *
 *     const terminal = vitrine.jobs.terminal(job.id, { columns: 80, rows: 24 })
 *     terminal.write('ls\r')
 *     for await (const bytes of terminal.output) process.stdout.write(bytes)
 */
export class Terminal {
  readonly #socket: WebSocket
  readonly #waiting: Uint8Array[] = []
  #wake = Promise.withResolvers<void>()
  #untold = 0
  /** Resolves as the shell can be typed to; what is typed before waits. Also once it has `ended`. */
  readonly opened: Promise<void>
  /** Resolves with how it ended, once. */
  readonly ended: Promise<TerminalEnd>

  constructor(transport: Transport, job: string, { columns, rows }: TerminalSize) {
    this.#socket = transport.webSocket('/jobs/{id}/terminal', { id: job }, { columns, rows })
    this.#socket.binaryType = 'arraybuffer'
    const opened = Promise.withResolvers<void>()
    const ended = Promise.withResolvers<TerminalEnd>()
    this.opened = opened.promise
    this.ended = ended.promise
    this.#socket.addEventListener('open', () => opened.resolve())
    this.#socket.addEventListener('message', ({ data }: MessageEvent<ArrayBuffer>) => {
      this.#waiting.push(new Uint8Array(data))
      this.#wake.resolve()
    })
    this.#socket.addEventListener('close', (event) => {
      ended.resolve(endOf(event))
      opened.resolve()
      this.#wake.resolve()
    })
  }

  /**
   * What the shell prints, as it comes, until it has ended. The server sends at most 256 KiB ahead of what was taken
   * here, and the shell waits as long. To be iterated once.
   */
  get output(): AsyncGenerator<Uint8Array, void, undefined> {
    return this.#read()
  }

  /** Types text, or bytes as they are; Enter is `\r`. */
  async write(typed: string | Uint8Array): Promise<void> {
    await this.opened
    this.#send(typeof typed === 'string' ? new TextEncoder().encode(typed) : new Uint8Array(typed))
  }

  async resize(size: TerminalSize): Promise<void> {
    await this.opened
    this.#tell({ size })
  }

  close(): void {
    this.#socket.close()
  }

  async *#read(): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const bytes = this.#waiting.shift()
      if (bytes) {
        yield bytes
        this.#shown(bytes.length)
      } else if (this.#socket.readyState === WebSocket.CLOSED) return
      else {
        this.#wake = Promise.withResolvers()
        await this.#wake.promise
      }
    }
  }

  #shown(bytes: number): void {
    this.#untold += bytes
    if (this.#untold < tellAfterBytes) return
    this.#tell({ shown: this.#untold })
    this.#untold = 0
  }

  #tell(message: TerminalMessage): void {
    this.#send(JSON.stringify(message))
  }

  #send(data: string | Uint8Array<ArrayBuffer>): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(data)
  }
}

/** Close codes of RFC 6455, 7.4.1. */
function endOf({ code, reason }: CloseEvent): TerminalEnd {
  if (code === 1000) return { how: 'ended', reason: reason || 'the terminal was closed' }
  const how = code === 1003 || code === 1008 || code === 1011 ? 'refused' : 'broken'
  return { how, reason: reason || 'no connection to the terminal' }
}
