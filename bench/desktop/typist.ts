import { once } from 'node:events'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { createWebSocketStream, WebSocket } from 'ws'
import { openRfb } from '../../packages/server/src/desktops/rfb.ts'
import { docker } from '../docker.ts'
import { startModel, task } from '../model.ts'
import { startServer, type BenchServer } from '../server.ts'
import { agentOf } from './endless.ts'

export type BenchDesktop = AsyncDisposable & { server: BenchServer; job: string; sandbox: string }

/** A real desktop with its programs open, on which nothing changes by itself. */
export async function startStillDesktop(): Promise<BenchDesktop> {
  await using stack = new AsyncDisposableStack()
  const model = stack.use(await startModel())
  const server = stack.use(await startServer(model.url, 0, { VITRINE_RECORD: 'off' }))
  const { id: job } = await server.vitrine.jobs.create({ task })
  const { state } = await server.vitrine.jobs.wait(job)
  if (state !== 'succeeded') throw new Error(`The job of the benchmark ${state}.`)
  const [sandbox] = await server.sandboxes()
  await docker('exec', sandbox!, 'sh', '-c', 'kill -STOP $(pidof xclock)')
  const whole = stack.move()
  return { server, job, sandbox: sandbox!, [Symbol.asyncDispose]: () => whole.disposeAsync() }
}

/** Somebody in front of a desktop, who sees what changes on it. */
export type Viewer = AsyncDisposable & {
  /** Presses and lets go a key. */
  press(keysym: number): void
  click(x: number, y: number): void
  /** Milliseconds until pixels change; those that changed before do not count. */
  change(): Promise<number>
}

export async function throughServer({ server, job }: BenchDesktop): Promise<Viewer> {
  const address = `${server.url.replace('http', 'ws')}jobs/${job}/websockify?viewer=the-one-who-types`
  return openViewer(openStream(address, server.token))
}

/** The stream is there before the WebSocket is open: the desktop's first words may come with its answer. */
export function openStream(address: string, token: string): Duplex {
  const options = { perMessageDeflate: false, headers: { authorization: `Bearer ${token}` } }
  return createWebSocketStream(new WebSocket(address, 'binary', options))
}

/** On the X server's own socket, in the sandbox. */
export async function direct({ sandbox }: BenchDesktop): Promise<Viewer> {
  const socket = connect(`/proc/${await agentOf(sandbox)}/root/tmp/vitrine/rfb.sock`)
  await once(socket, 'connect')
  return openViewer(socket)
}

export async function openViewer(stream: Duplex): Promise<Viewer> {
  const stop = new AbortController()
  const rfb = await openRfb(stream, stop.signal)
  await rfb.readFrame()
  let news = Promise.withResolvers<void>()
  const watching = (async () => {
    for (;;) {
      const changes = await rfb.readChanges()
      if (changes?.length === 0) continue
      const told = news
      news = Promise.withResolvers()
      told.resolve()
    }
  })()
  watching.catch(() => {}) // the stream's end
  const key = (keysym: number, down: number) => Buffer.from([4, down, 0, 0, 0, 0, keysym >> 8, keysym & 255])
  return {
    press: (keysym) => void stream.write(Buffer.concat([key(keysym, 1), key(keysym, 0)])),
    click: (x, y) => {
      const at = [x >> 8, x & 255, y >> 8, y & 255]
      for (const buttons of [0, 1, 0]) stream.write(Buffer.from([5, buttons, ...at]))
    },
    async change() {
      const began = performance.now()
      await Promise.race([news.promise, watching])
      return performance.now() - began
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      await watching.catch(() => {})
    },
  }
}
