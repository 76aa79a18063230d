import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { duplexPair, type Duplex } from 'node:stream'
import { expect, onTestFinished } from 'vitest'
import { WebSocket, type ClientOptions } from 'ws'
import { createControls } from '../control.ts'
import { createViewers, type OpenDesktop, type ShareEntry } from '../viewers.ts'

/** A server that shows the desktop of the job named by the path. */
export async function serveViewers(open: OpenDesktop, onCount?: (job: string, viewers: number) => void) {
  const controls = createControls({ idleMs: 60_000, onChange: () => {}, onInput: () => {} })
  const viewers = createViewers({ open, controls, ...(onCount && { onCount }) })
  const over = new AbortController()
  let share: ShareEntry | null = null
  const server = createServer()
  server.on('upgrade', (request, socket, head) =>
    viewers.accept(request, socket, head, over.signal, {
      job: request.url!.slice(1).split('?')[0]!,
      share,
    }),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  onTestFinished(() => viewers[Symbol.asyncDispose]())
  const { port } = server.address() as AddressInfo
  return {
    viewers,
    over,
    port,
    url: `ws://127.0.0.1:${port}`,
    /** Who comes from now on comes by this link. */
    comeBy: (link: ShareEntry) => (share = link),
  }
}

/** Pairs of streams: the viewers' side goes to the bridge, the desktop's side to the test. */
export function desktops() {
  const sides: Duplex[] = []
  const open: OpenDesktop = async () => {
    const [viewerSide, desktopSide] = duplexPair()
    desktopSide.on('error', () => {})
    sides.push(desktopSide)
    return viewerSide
  }
  const side = async (index: number): Promise<Duplex> => {
    await expect.poll(() => sides[index]).toBeDefined()
    return sides[index]!
  }
  return { open, sides, side }
}

export async function watch(url: string, options: ClientOptions = {}): Promise<WebSocket> {
  const webSocket = new WebSocket(url, 'binary', options)
  webSocket.on('error', () => {})
  await once(webSocket, 'open')
  return webSocket
}

/** A viewer without a WebSocket library, so that frames may lie. Resolves once it was upgraded. */
export async function rawViewer(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {})
  socket.write(
    'GET /job-1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  )
  await once(socket, 'data')
  return socket
}

export const closed = async (webSocket: WebSocket): Promise<[code: number, reason: string]> => {
  const [code, reason] = (await once(webSocket, 'close')) as [number, Buffer]
  return [code, reason.toString()]
}

/** What a viewer says first: its version, security type None, ClientInit. */
export const hello = Buffer.concat([Buffer.from('RFB 003.008\n'), Buffer.from([1, 1])])
export const encodings = Buffer.concat([Buffer.from([2, 0, 4, 0]), Buffer.alloc(4096)])
export const key = (keysym: number, down = 1) => Buffer.from([4, down, 0, 0, 0, 0, keysym >> 8, keysym & 255])
