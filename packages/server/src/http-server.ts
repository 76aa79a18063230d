import http, { type IncomingMessage, type Server, type ServerResponse } from 'node:http'

/** A body of which less than so much comes in such a time stands still. */
const slowest = { bytes: 16 * 1024, milliseconds: 60_000 }

/**
 * A server of HTTP/1.1 that cuts off headers that are slow or large, and bodies that stand still. A body that moves may
 * take its time: Node's own limit is one for the whole of it.
 */
export function createHttpServer(): Server {
  const server = http.createServer({
    maxHeaderSize: 16 * 1024,
    headersTimeout: 10_000,
    requestTimeout: 0,
    // How often Node looks whether the headers' time is over.
    connectionsCheckingInterval: 2_000,
    keepAliveTimeout: 30_000,
  })
  server.on('request', (request, response) => {
    if (hasBody(request)) watchBody(request, response)
  })
  return server
}

/** RFC 9112, 6.3. */
const hasBody = ({ headers }: IncomingMessage) =>
  (headers['content-length'] ?? '0') !== '0' || headers['transfer-encoding'] !== undefined

function watchBody(request: IncomingMessage, response: ServerResponse): void {
  const { socket } = request
  let before = socket.bytesRead
  const look = () => {
    if (request.complete) return clearInterval(watch)
    const came = socket.bytesRead - before
    before = socket.bytesRead
    if (came >= slowest.bytes) return
    if (!response.headersSent) socket.write('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n')
    socket.destroySoon()
  }
  const watch = setInterval(look, slowest.milliseconds)
  request.once('close', () => clearInterval(watch))
}
