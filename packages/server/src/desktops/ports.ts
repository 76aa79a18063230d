import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { Duplex } from 'node:stream'

const closeWithin = 1_000

type OpenPort = { port: number; close(): Promise<void> }
/** `port` is known once `opened` is. */
type Place = { port: number | null; opened: Promise<OpenPort | null> }

export type DesktopPorts = AsyncDisposable & {
  /** Opens the first free port of the range for a job, or tells the one it has; null when none is free. */
  open(job: string): Promise<number | null>
  /** Opens the port that the job had before a restart of the server, or another one when that is taken now. */
  restore(job: string, port: number): Promise<number | null>
  portOf(job: string): number | null
  close(job: string): Promise<void>
}

/**
 * A port of its own for each live desktop, for those who want `http://localhost:6080/vnc.html`. `serve` and `upgrade` take
 * the requests that come there; they check Host, Origin and sign-in as on the main port.
 */
export function createDesktopPorts(options: {
  from: number
  to: number
  host: string
  serve: (job: string) => RequestListener
  upgrade: (job: string) => (request: IncomingMessage, socket: Duplex, head: Buffer) => void
}): DesktopPorts {
  const { from, to, host } = options
  const range = Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index)
  const places = new Map<string, Place>()

  function begin(job: string, candidates: number[]): Place {
    const server = createServer(options.serve(job))
    const close = closing(server, options.upgrade(job))
    const opened = listenOnFirstFree(server, candidates, host).then((port) =>
      port === null ? null : { port, close },
    )
    const place: Place = { port: null, opened }
    places.set(job, place)
    return place
  }

  async function open(job: string, candidates: number[]): Promise<number | null> {
    const place = places.get(job) ?? begin(job, candidates)
    try {
      place.port = (await place.opened)?.port ?? null
      return place.port
    } finally {
      if (place.port === null && places.get(job) === place) places.delete(job)
    }
  }

  async function close(job: string): Promise<void> {
    const place = places.get(job)
    places.delete(job)
    const open = await place?.opened
    await open?.close()
  }

  return {
    open: (job) => open(job, range),
    restore: (job, port) => open(job, range.includes(port) ? [port, ...range] : range),
    portOf: (job) => places.get(job)?.port ?? null,
    close,
    async [Symbol.asyncDispose]() {
      await Promise.all([...places.keys()].map(close))
    },
  }
}

async function listenOnFirstFree(server: Server, candidates: number[], host: string): Promise<number | null> {
  for (const port of candidates) if (await listens(server, port, host)) return port
  return null
}

/** False where the port is somebody else's, or not allowed to us. */
async function listens(server: Server, port: number, host: string): Promise<boolean> {
  server.listen(port, host)
  try {
    await once(server, 'listening')
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE' || code === 'EACCES') return false
    throw error
  }
}

/** Passes upgrades on; the returned function stops listening at once and gives viewers a moment to be told why. */
function closing(
  server: Server,
  upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void,
): () => Promise<void> {
  const upgraded = new Set<Duplex>()
  server.on('upgrade', (request, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    socket.once('close', () => upgraded.delete(socket))
    upgraded.add(socket)
    upgrade(request, socket, head)
  })
  return async () => {
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    const deadline = setTimeout(() => upgraded.forEach((socket) => socket.destroy()), closeWithin)
    await closed
    clearTimeout(deadline)
  }
}
