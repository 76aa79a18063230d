import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { limits } from '@vitrine/contract/limits.ts'
import { TerminalSize } from '@vitrine/contract/terminal.ts'
import type { WebSocket } from 'ws'
import { closeCode, closeViewer } from '../desktops/close-viewer.ts'
import { openFailure, openWithin } from '../desktops/open-failure.ts'
import { closeForGood, createSockets } from '../desktops/sockets.ts'
import { bridgeTerminal } from './bridge.ts'
import type { Watch } from './printed.ts'

/** Opens a shell in a job's sandbox; a `VitrineError`'s message is shown to who asked for it. */
export type OpenTerminal = (job: string, size: TerminalSize, signal: AbortSignal) => Promise<Duplex>

export type Terminals = AsyncDisposable & {
  /** Takes an `upgrade` that was authorized before, and puts a new shell of the job's sandbox on it until `over` aborts. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer, over: AbortSignal, job: string): void
}

/** The terminals that people and programs have open. `watch` gets all that each prints, as it comes, until it is closed. */
export function createTerminals({
  open,
  watch,
}: {
  open: OpenTerminal
  watch: (job: string) => Watch
}): Terminals {
  const sockets = createSockets()
  const jobs = new Map<WebSocket, string>()

  async function show(webSocket: WebSocket, job: string, size: TerminalSize): Promise<void> {
    const gone = new AbortController()
    webSocket.once('close', () => gone.abort())
    try {
      const shell = await open(job, size, AbortSignal.any([gone.signal, AbortSignal.timeout(openWithin)]))
      if (webSocket.readyState !== webSocket.OPEN) return void shell.destroy()
      const watched = watch(job)
      webSocket.once('close', () => watched[Symbol.dispose]())
      bridgeTerminal(webSocket, shell, watched.prints)
    } catch (error) {
      closeViewer(webSocket, ...openFailure(error, 'terminal'))
    }
  }

  return {
    accept(request, socket, head, over, job) {
      sockets.accept(request, socket, head, over, (webSocket) => {
        const size = sizeOf(request)
        const others = [...jobs.values()].filter((one) => one === job).length
        if (!size) return closeViewer(webSocket, closeCode.wrongData, 'columns and rows must be given')
        if (others >= limits.terminals)
          return closeForGood(webSocket, `${others} terminals of this job are open; close one of them first`)
        jobs.set(webSocket, job)
        webSocket.once('close', () => jobs.delete(webSocket))
        // What is typed meanwhile waits.
        webSocket.pause()
        void show(webSocket, job, size)
      })
    },
    [Symbol.asyncDispose]: () => sockets[Symbol.asyncDispose](),
  }
}

function sizeOf({ url = '/' }: IncomingMessage): TerminalSize | undefined {
  const query = new URL(url, 'http://host').searchParams
  const size = { columns: Number(query.get('columns')), rows: Number(query.get('rows')) }
  return TerminalSize.safeParse(size).data
}
