import { once } from 'node:events'
import http, { type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { VitrineError } from '@vitrine/contract/error.ts'
import { createHttpServer } from '../http-server.ts'
import type { Access } from './access.ts'
import type { Pass, Passes } from './passes.ts'

export type Listening = {
  port: number
  /** Takes no more requests and ends those that go on; WebSockets are for those to end who took them. */
  close: () => void
}

/**
 * Opens the server's port. Throws one readable message where the port is taken or not allowed.
 */
export async function listen(
  host: string,
  port: number,
  serve: RequestListener,
  upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void,
): Promise<Listening> {
  const server = createHttpServer()
  server.on('request', serve)
  server.on('upgrade', upgrade)
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw error
    const why = code === 'EACCES' ? 'may not be used by this user' : 'is taken by another program'
    throw new Error(`Port ${port} on ${host} ${why}. Choose another one: ./vitrine up --port 7081`, {
      cause: error,
    })
  }
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** Takes an upgrade that may come in, until `over` aborts with the reason. */
export type Accept = (request: IncomingMessage, socket: Duplex, head: Buffer, over: AbortSignal) => void

export type Doors = {
  /** What is at this path for those who are signed in; null where nothing is. */
  signedIn: (path: string) => Accept | null
  /** What a share link’s path leads to, for whoever has the link; null where it is none or no good one. */
  guests: (path: string) => Promise<{ accept: Accept; pass: Pass } | null>
}

/** Lets WebSockets in by these doors; anybody else gets a plain HTTP error (RFC 6455, 4.2.2). */
export function upgrades(
  access: Access,
  passes: Passes,
  doors: Doors,
): (request: IncomingMessage, socket: Duplex, head: Buffer) => void {
  const enter = async ({ url, headers }: IncomingMessage): Promise<{ accept: Accept; pass: Pass | null }> => {
    access.checkAddress('GET', headers)
    const { pathname } = new URL(url ?? '/', 'http://host')
    const shared = await doors.guests(pathname)
    if (shared) return shared
    const { pass } = await access.check('GET', headers)
    const accept = doors.signedIn(pathname)
    if (!accept) throw new VitrineError('not_found', 'There is no desktop and no terminal at this address.')
    return { accept, pass }
  }
  return (request, socket, head) => {
    // First of all: an error on a socket without a listener ends the process.
    socket.on('error', () => socket.destroy())
    const refuse = (error: unknown) => {
      const { status, message } =
        error instanceof VitrineError ? error : new VitrineError('internal', 'The server made a mistake.')
      socket.end(`HTTP/1.1 ${status} ${http.STATUS_CODES[status]}\r\nConnection: close\r\n\r\n${message}\n`)
    }
    enter(request).then(({ accept, pass }) => {
      const over = pass ? passes.admit(pass, socket) : new AbortController().signal
      accept(request, socket, head, over)
    }, refuse)
  }
}
