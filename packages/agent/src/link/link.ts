import { request } from 'node:http'
import { performServerHandshake, type ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import { addAbortSignal } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { linkProtocol, linkSocket, linkVersion, streamProtocol } from '@vitrine/contract/link.ts'

const firstDelay = 50
const longestDelay = 2000
const window = 1024 * 1024

/**
 * Dials the server and serves HTTP/2 (RFC 9113) on the same socket, again and again until `signal` aborts.
 * `serve` gets each new session; `state` hears when the link came up and when it went down.
 */
export async function keepLinked(
  serve: (session: ServerHttp2Session) => void,
  state: (up: boolean) => void,
  signal: AbortSignal,
): Promise<void> {
  let delay = firstDelay
  let told = ''
  while (!signal.aborted) {
    try {
      const socket = await dial('/link', linkProtocol, signal)
      delay = firstDelay
      told = ''
      state(true)
      await serveUntilClosed(socket, serve)
      state(false)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      if (!signal.aborted && message !== told) console.log(`No link to the server yet: ${message}`)
      told = message
    }
    await sleep(delay, undefined, { signal }).catch(() => {})
    delay = Math.min(longestDelay, delay * 2)
  }
}

/** A connection for the bytes of one desktop, which the server has given this ticket for; it ends with `signal`. */
export async function dialStream(ticket: string, signal: AbortSignal): Promise<Socket> {
  const socket = await dial(`/stream/${encodeURIComponent(ticket)}`, streamProtocol, signal)
  socket.on('error', () => socket.destroy())
  return addAbortSignal(signal, socket)
}

/** An HTTP/1.1 upgrade (RFC 9110, 7.8) on the link's socket. */
function dial(path: string, protocol: string, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const headers = {
      connection: 'Upgrade',
      upgrade: protocol,
      'vitrine-link-version': String(linkVersion),
    }
    const call = request({ socketPath: linkSocket, path, headers, signal, timeout: 10_000 })
    call.on('upgrade', (_response, socket, head) => {
      socket.setTimeout(0)
      if (head.length > 0) socket.unshift(head)
      resolve(socket)
    })
    call.on('response', (response) => {
      response.resume()
      reject(new Error(`the server answered ${response.statusCode} to the link's upgrade`))
    })
    call.on('timeout', () => call.destroy(new Error('the server did not answer the link’s upgrade in 10 s')))
    call.on('error', reject)
    call.end()
  })
}

function serveUntilClosed(socket: Socket, serve: (session: ServerHttp2Session) => void): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const session = performServerHandshake(socket, {
    settings: { initialWindowSize: window, maxConcurrentStreams: 256 },
    // The server may give up as many calls as it likes. Node counts what such a call had still to send as its session's memory for
    // ever after, and would take no more calls from 10 MB on.
    maxSessionMemory: 4096,
    streamResetBurst: 1_000_000,
    streamResetRate: 1_000_000,
  })
  session.on('error', () => session.destroy())
  session.on('close', () => {
    socket.destroy()
    resolve()
  })
  serve(session)
  return promise
}
