import { addAbortListener } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import { closeCode, closeViewer } from './close-viewer.ts'

const pingEvery = 25_000
const pongsMayMiss = 2
const closeWithin = 1_000
const maxMessageBytes = 1024 * 1024

export type Sockets = AsyncDisposable & {
  /** Takes an `upgrade` that was authorized before, until `over` aborts with the reason; `opened` gets its WebSocket. */
  accept(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    over: AbortSignal,
    opened: (webSocket: WebSocket) => void,
  ): void
  closeAll(reason: string): void
}

/** WebSockets (RFC 6455) whose messages are bounded; those that answer no pings any more are dropped. */
export function createSockets(): Sockets {
  /** Each with how many pongs it has missed. */
  const open = new Map<WebSocket, number>()
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
    handleProtocols: (offered) => offered.has('binary') && 'binary',
  })
  const heartbeat = setInterval(() => open.forEach(beat), pingEvery).unref()

  /** One that we do not read from ourselves is not blamed for a missing pong. */
  const beat = (missed: number, webSocket: WebSocket) => {
    if (missed >= pongsMayMiss) return webSocket.terminate()
    if (!webSocket.isPaused) open.set(webSocket, missed + 1)
    webSocket.ping()
  }
  const closeAll = (reason: string) =>
    open.forEach((_, webSocket) => closeViewer(webSocket, closeCode.goingAway, reason))

  return {
    accept(request, socket, head, over, opened) {
      socket.on('error', () => socket.destroy())
      server.handleUpgrade(request, socket, head, (webSocket) => {
        const alive = () => open.set(webSocket, 0)
        alive()
        webSocket.once('close', () => open.delete(webSocket))
        webSocket.on('pong', alive)
        webSocket.on('message', alive)
        webSocket.on('error', () => {}) // ws has closed it with the fitting code
        const listening = addAbortListener(over, () => closeForGood(webSocket, String(over.reason)))
        webSocket.once('close', () => listening[Symbol.dispose]())
        opened(webSocket)
      })
    },
    closeAll,
    async [Symbol.asyncDispose]() {
      clearInterval(heartbeat)
      server.close()
      const all = [...open.keys()]
      const closed = all.map((webSocket) => new Promise((resolve) => webSocket.once('close', resolve)))
      closeAll('the server stops')
      const deadline = setTimeout(() => all.forEach((webSocket) => webSocket.terminate()), closeWithin)
      await Promise.all(closed)
      clearTimeout(deadline)
    },
  }
}

/** Nothing more is shown to this viewer, whether it answers the close or not. */
export function closeForGood(webSocket: WebSocket, reason: string): void {
  closeViewer(webSocket, closeCode.refused, reason)
  const deadline = setTimeout(() => webSocket.terminate(), closeWithin)
  webSocket.once('close', () => clearTimeout(deadline))
}
