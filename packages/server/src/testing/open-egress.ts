import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import {
  connect,
  createServer as createTcpServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net'
import type { EgressAttempt, EgressMore } from '@vitrine/contract/egress.ts'
import type { Reach } from '../egress/attempt.ts'
import { createEgress, type Egress, type EgressOptions } from '../egress/egress.ts'

export type OpenEgress = AsyncDisposable & {
  egress: Egress
  /** Where the sandbox's proxy listens. */
  port: number
  /** What the sandbox may reach; may be changed. */
  reach: Reach
  /** How often each name was resolved. */
  resolved: string[]
  /** Sends these bytes and reads until the other side ends. */
  raw(text: string): Promise<string>
  /** The status line and the headers of the answer to a CONNECT, and the connection. */
  tunnel(target: string): Promise<{ head: string; socket: Socket }>
  /** Closes it all, and what the ledger has then. */
  ledger(): Promise<{ lines: EgressAttempt[]; more: EgressMore }>
}

/** Egress for one sandbox, behind a port on loopback as it is behind a socket in the server. `names` says what names stand for. */
export async function openEgress(
  options: Partial<EgressOptions> & {
    hosts: readonly string[]
    names?: Record<string, string | (() => string)>
  },
): Promise<OpenEgress> {
  const { hosts, names = {}, ...rest } = options
  const reach: Reach = { job: 'job-1', run: 1, hosts, isOver: false }
  const resolved: string[] = []
  const lines: EgressAttempt[] = []
  const more = { allowed: 0, refused: 0 }
  const stack = new AsyncDisposableStack()
  const egress = stack.use(
    createEgress({
      reachOf: async () => ({ ...reach }),
      permitted: 'any',
      privateRanges: ['127.0.0.0/8'],
      resolve: async (name) => {
        resolved.push(name)
        const found = names[name]
        const address = typeof found === 'function' ? found() : found
        if (address === undefined) throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })
        return address.split(' ').map((one) => ({ address: one, family: one.includes(':') ? 6 : 4 }))
      },
      write: async (page) => {
        lines.push(...page.lines)
        more.allowed += page.more?.allowed ?? 0
        more.refused += page.more?.refused ?? 0
      },
      log: { error: (...words: unknown[]) => console.error(...words) },
      ...rest,
    }),
  )
  const server = createServer((request, response) => void egress.forward('sandbox', request, response))
  server.on('connect', (request, socket, head) => void egress.tunnel('sandbox', request, socket, head))
  const port = await listening(server, stack)
  stack.defer(() => server.closeAllConnections())
  return {
    egress,
    port,
    reach,
    resolved,
    raw: async (text) => {
      const socket = connect(port, '127.0.0.1')
      socket.write(text)
      return readAll(socket)
    },
    tunnel: async (target) => {
      const socket = connect(port, '127.0.0.1')
      socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`)
      const [head] = (await once(socket, 'data')) as [Buffer]
      return { head: String(head), socket }
    },
    ledger: async () => {
      await stack.disposeAsync()
      return { lines, more }
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

/** An HTTP server on 127.0.0.1, as one out there; its port. */
export async function outside(answer: RequestListener, stack: AsyncDisposableStack): Promise<number> {
  const server = createServer(answer)
  stack.defer(() => server.closeAllConnections())
  return listening(server, stack)
}

/** The same for bare connections. */
export const outsideTcp = (answer: (socket: Socket) => void, stack: AsyncDisposableStack): Promise<number> =>
  listening(
    createTcpServer((socket) => answer(socket.on('error', () => socket.destroy()))),
    stack,
  )

export async function readAll(socket: Socket): Promise<string> {
  let text = ''
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: Buffer) => (text += String(chunk)))
  await closed
  return text
}

async function listening(server: Server, stack: AsyncDisposableStack): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  stack.defer(() => void server.close())
  return (server.address() as AddressInfo).port
}
