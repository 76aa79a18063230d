import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { VitrineError } from '@vitrine/contract/error.ts'
import { WebSocketServer, type WebSocket } from 'ws'
import { bridge } from './bridge.ts'
import { closeCode, closeViewer } from './close-viewer.ts'

const pingEvery = 25_000
const pongsMayMiss = 2
const openWithin = 5_000
const closeWithin = 1_000
const maxMessageBytes = 1024 * 1024

type Viewer = { job: string; webSocket: WebSocket; missedPongs: number }

/** Opens the RFB stream of a job's desktop; a `VitrineError`'s message is shown to the viewer. */
export type OpenDesktop = (job: string, signal: AbortSignal) => Promise<Duplex>

export type Viewers = AsyncDisposable & {
  /** Takes an `upgrade` that was authorized before, and shows the job's desktop on it: RFB in binary WebSocket messages. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer, job: string): void
  closeAll(reason: string): void
}

/** The people and programs that watch desktops. `onCount` tells how many watch a job, each time that changes. */
export function createViewers(options: {
  open: OpenDesktop
  onCount?: (job: string, viewers: number) => void
}): Viewers {
  const viewers = new Set<Viewer>()
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
    handleProtocols: (offered) => offered.has('binary') && 'binary',
  })
  const heartbeat = setInterval(() => viewers.forEach(beat), pingEvery).unref()

  const count = (job: string) =>
    options.onCount?.(job, [...viewers].filter((viewer) => viewer.job === job).length)

  const closeAll = (reason: string) =>
    viewers.forEach(({ webSocket }) => closeViewer(webSocket, closeCode.goingAway, reason))

  return {
    accept(request, socket, head, job) {
      socket.on('error', () => socket.destroy())
      server.handleUpgrade(request, socket, head, (webSocket) => {
        const viewer: Viewer = { job, webSocket, missedPongs: 0 }
        viewers.add(viewer)
        webSocket.once('close', () => {
          viewers.delete(viewer)
          count(job)
        })
        watchLife(viewer)
        count(job)
        void show(webSocket, socket, job, options.open)
      })
    },
    closeAll,
    async [Symbol.asyncDispose]() {
      clearInterval(heartbeat)
      server.close()
      const all = [...viewers].map(({ webSocket }) => webSocket)
      const closed = all.map((webSocket) => new Promise((resolve) => webSocket.once('close', resolve)))
      closeAll('the server stops')
      const deadline = setTimeout(() => all.forEach((webSocket) => webSocket.terminate()), closeWithin)
      await Promise.all(closed)
      clearTimeout(deadline)
    },
  }
}

function watchLife(viewer: Viewer): void {
  const { webSocket } = viewer
  const alive = () => (viewer.missedPongs = 0)
  webSocket.on('pong', alive)
  webSocket.on('message', (_data, isBinary) => {
    alive()
    if (!isBinary) closeViewer(webSocket, closeCode.wrongData, 'a desktop takes binary messages only')
  })
  webSocket.on('error', () => {}) // ws has closed it with the fitting code
}

/** A half-open viewer is dropped. One that we do not read from ourselves is not blamed for a missing pong. */
function beat(viewer: Viewer): void {
  if (viewer.missedPongs >= pongsMayMiss) return viewer.webSocket.terminate()
  if (!viewer.webSocket.isPaused) viewer.missedPongs++
  viewer.webSocket.ping()
}

async function show(webSocket: WebSocket, socket: Duplex, job: string, open: OpenDesktop): Promise<void> {
  const gone = new AbortController()
  webSocket.once('close', () => gone.abort())
  const early = () => closeViewer(webSocket, closeCode.wrongData, 'the desktop speaks first (RFC 6143, 7.1)')
  webSocket.on('message', early)
  try {
    const desktop = await open(job, AbortSignal.any([gone.signal, AbortSignal.timeout(openWithin)]))
    webSocket.off('message', early)
    if (webSocket.readyState === webSocket.OPEN) bridge(webSocket, socket, desktop)
    else desktop.destroy()
  } catch (error) {
    closeViewer(webSocket, ...openFailure(error))
  }
}

function openFailure(error: unknown): [code: number, reason: string] {
  if (error instanceof VitrineError) {
    const again = error.code === 'unavailable' || error.code === 'conflict'
    return [again ? closeCode.tryAgainLater : closeCode.internal, error.message]
  }
  if (error instanceof DOMException && error.name === 'TimeoutError')
    return [closeCode.tryAgainLater, `the desktop did not open within ${openWithin / 1000} s`]
  return [closeCode.internal, 'the desktop could not be opened']
}
