import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { extname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createWebSocketStream, WebSocketServer, type WebSocket } from 'ws'
import { webFolder } from './places.ts'
import type { XServer } from './desktop/x-server.ts'

const port = 6080
const pingMilliseconds = 25_000
const frameBytes = 4 * 1024 * 1024

/** Serves the desktop's page (`/vnc.html`) and its WebSocket (`/websockify`, RFB in binary frames) on port 6080. */
export function serveDesktopPage(xServer: XServer, signal: AbortSignal): Promise<void> {
  const server = createServer((request, response) => {
    servePage(request, response).catch(() => response.destroy())
  })
  const sockets = new WebSocketServer({
    server,
    path: '/websockify',
    maxPayload: frameBytes,
    perMessageDeflate: false,
    handleProtocols: (protocols) => (protocols.has('binary') ? 'binary' : false),
  })
  sockets.on('connection', (socket) => void bridge(socket, xServer))
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, signal }, resolve)
  })
}

async function servePage(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://sandbox')
  const name = pathname === '/' ? '/vnc.html' : pathname
  const known = /^\/(vnc\.html|assets\/[\w.-]+)$/.test(name)
  const file = join(webFolder, name)
  const size = known && (await stat(file).catch(() => undefined))?.size
  if (!size || request.method !== 'GET') {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('There is nothing here; try /vnc.html.\n')
    return
  }
  const type = types[extname(name)] ?? 'application/octet-stream'
  response.writeHead(200, {
    'content-type': type,
    'content-length': size,
    'x-content-type-options': 'nosniff',
  })
  await pipeline(createReadStream(file), response)
}

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** Back-pressure holds from the browser to the X server; a viewer that answers no ping is dropped. */
async function bridge(socket: WebSocket, xServer: XServer): Promise<void> {
  const gone = new AbortController()
  let answered = true
  const ping = setInterval(() => {
    if (!answered) socket.terminate()
    answered = false
    socket.ping()
  }, pingMilliseconds)
  socket.on('pong', () => (answered = true))
  socket.on('close', () => gone.abort())
  socket.on('error', () => socket.terminate())
  try {
    const viewer = createWebSocketStream(socket)
    await pipeline(viewer, await xServer.connect(gone.signal), viewer)
  } catch {
    // A viewer that left, or an X server that was restarted: noVNC connects again.
    socket.terminate()
  } finally {
    clearInterval(ping)
  }
}
