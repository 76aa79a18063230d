import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { display, environment, rfbSocket } from '../places.ts'

const bannerLength = 12
/** More than a Unix socket holds (net.core.wmem_default of Linux): each read takes all that there is. */
const readBytes = 256 * 1024

/**
 * The X server, which speaks RFB (RFC 6143) on a Unix socket: started at once, and again whenever it ends.
 * `started` is called each time its banner was read, which is when viewers and programs can use it.
 */
export function startXServer(started: () => void, signal: AbortSignal): XServer {
  const server = new XServer()
  void keepRunning(server, started, signal)
  return server
}

/** Takes what was read from `from`; false where the bytes are still needed. */
export type TakeBytes = (bytes: Buffer, from: Socket) => boolean

export class XServer {
  #ready = Promise.withResolvers<void>()
  isReady = false

  /**
   * A connection to the running X server, as soon as it runs. What it sends is given to `take`, where there is one: a view of
   * memory that is used again for the next bytes, so that nothing more is read after a `false` until `resume()` is called.
   */
  async connect(signal: AbortSignal, take?: TakeBytes): Promise<Socket> {
    for (;;) {
      await Promise.race([this.#ready.promise, aborted(signal)])
      const socket: Socket = connect({
        path: rfbSocket,
        signal,
        ...(take && {
          onread: {
            buffer: Buffer.allocUnsafeSlow(readBytes),
            callback: (length, buffer) => take(Buffer.from(buffer.buffer, 0, length), socket),
          },
        }),
      })
      try {
        await once(socket, 'connect')
        socket.on('error', () => socket.destroy())
        return socket
      } catch {
        // It ended this moment, and is started again.
        await sleep(20, undefined, { signal })
      }
    }
  }

  runs(): void {
    this.isReady = true
    this.#ready.resolve()
  }

  ended(): void {
    if (!this.isReady) return
    this.isReady = false
    this.#ready = Promise.withResolvers()
  }
}

async function keepRunning(server: XServer, started: () => void, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const begun = performance.now()
    const ended = new AbortController()
    const child = spawn('Xtigervnc', xArguments, { stdio: 'ignore', env: environment, signal })
    const end = new Promise<void>((resolve) => child.once('close', resolve).once('error', () => resolve()))
    void announce(server, started, ended.signal)
    await end
    ended.abort()
    server.ended()
    if (signal.aborted) return
    console.log('The X server ended; it is started again.')
    // One that ends at once would spin.
    if (performance.now() - begun < 1000) await sleep(500)
    rmSync(rfbSocket, { force: true })
    rmSync(`/tmp/.X${display.slice(1)}-lock`, { force: true })
  }
}

async function announce(server: XServer, started: () => void, signal: AbortSignal): Promise<void> {
  if (!(await waitForBanner(signal))) return
  server.runs()
  started()
}

// GLX is off: Mesa would cost each sandbox 100 ms and tens of megabytes for software rendering.
const xArguments = [
  display,
  ['-rfbunixpath', rfbSocket, '-rfbunixmode', '0600', '-rfbport', '-1', '-SecurityTypes', 'None'],
  ['-geometry', '1280x800', '-depth', '24', '-dpi', '96', '-AcceptSetDesktopSize', '-AlwaysShared'],
  ['-desktop', 'Vitrine', '-nolisten', 'tcp', '-extension', 'GLX', '-s', '0', '-MaxCutText', '262144'],
].flat()

/** True once the banner came: the socket exists before the server answers on it. */
async function waitForBanner(signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    if (await readBanner()) return true
    await sleep(3)
  }
  return false
}

function readBanner(): Promise<boolean> {
  return new Promise((resolve) => {
    let received = 0
    const socket = connect({ path: rfbSocket })
    socket.setTimeout(5000, () => socket.destroy())
    socket.on('error', () => socket.destroy())
    socket.on('close', () => resolve(received >= bannerLength))
    socket.on('data', (chunk) => {
      received += chunk.length
      if (received >= bannerLength) socket.destroy()
    })
  })
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
