import http from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { linkProtocol, linkVersion } from '@vitrine/contract/link.ts'

/** Dials the socket, gives each upgraded connection to `serve`, and dials again when that returns, until `signal` aborts. */
export async function keepDialling(
  socketPath: string,
  serve: (socket: Duplex) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  let wait = 10
  while (!signal.aborted) {
    const socket = await dial(socketPath, signal)
    if (socket) await serve(socket)
    wait = socket ? 10 : Math.min(wait * 2, 500)
    await delay(wait, undefined, { signal, ref: false }).catch(() => {})
  }
}

/** One attempt at the upgrade; null where nobody listens or the server refuses. */
function dial(socketPath: string, signal: AbortSignal): Promise<Duplex | null> {
  const headers = {
    connection: 'Upgrade',
    upgrade: linkProtocol,
    'vitrine-link-version': String(linkVersion),
  }
  return new Promise((resolve) => {
    const request = http.get({ socketPath, path: '/link', headers, signal, agent: false })
    request.once('upgrade', (_response, socket, head) => {
      if (head.length > 0) socket.unshift(head)
      resolve(socket)
    })
    request.once('response', (response) => {
      response.destroy()
      resolve(null)
    })
    request.on('error', () => resolve(null))
  })
}
