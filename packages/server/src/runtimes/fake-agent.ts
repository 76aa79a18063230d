import http2 from 'node:http2'
import type { Duplex } from 'node:stream'
import type { AgentEvent } from '@vitrine/contract/event.ts'
import { answer, type FakeLink } from './fake/answers.ts'
import { fakeDesktop } from './fake/desktop.ts'
import { keepDialling } from './fake/dial.ts'
import { keptEvents } from './fake/events.ts'
import { writeAndPass, type FakeScript } from './fake/script.ts'
import { putFile, type FakeState } from './fake/state.ts'

export type { FakeScript, FakeWork } from './fake/script.ts'

export type FakeAgent = AsyncDisposable & {
  readonly state: Readonly<FakeState>
  /** Resolves when the agent has ended: its life was over, or it was disposed. */
  ended: Promise<void>
  /** From now on nothing is answered or told, until `thaw`; HTTP/2 pings still are. */
  freeze: () => void
  thaw: () => void
}

/**
 * An agent of the link protocol inside this process: it dials `socketPath`, and again whenever the link breaks, takes one
 * assignment, runs `script` on it, and keeps the events that it tells until they are acknowledged. Files are in memory.
 */
export function fakeAgent(options: { socketPath: string; script?: FakeScript | undefined }): FakeAgent {
  const { socketPath, script = writeAndPass } = options
  const state: FakeState = {
    assignment: null,
    events: keptEvents(),
    files: new Map(),
    desktop: fakeDesktop(),
  }
  const life = new AbortController()
  let work = new AbortController()
  let lifeTimer: NodeJS.Timeout | undefined
  let frozen: PromiseWithResolvers<void> | null = null

  const link: FakeLink = {
    state,
    ready: async () => frozen?.promise,
    begin: (assignment) => {
      state.assignment = assignment
      work = new AbortController()
      const signal = AbortSignal.any([work.signal, life.signal])
      const save = (path: string, content: string) => putFile(state, path, Buffer.from(content))
      const tell = (event: AgentEvent) => state.events.tell(assignment.run, event)
      script({ assignment, socketPath, signal, tell, save }).catch((error: unknown) => {
        if (!signal.aborted) throw error
      })
    },
    cancel: () => work.abort(),
    live: (seconds) => {
      clearTimeout(lifeTimer)
      lifeTimer = setTimeout(() => life.abort(), seconds * 1000).unref()
    },
  }

  const ended = keepDialling(socketPath, (socket) => serve(socket, link, life.signal), life.signal)
  return {
    state,
    ended,
    freeze: () => {
      frozen ??= Promise.withResolvers()
    },
    thaw: () => {
      frozen?.resolve()
      frozen = null
    },
    [Symbol.asyncDispose]: async () => {
      clearTimeout(lifeTimer)
      life.abort()
      await ended
    },
  }
}

/** Serves one link until it breaks or `signal` aborts. */
async function serve(socket: Duplex, link: FakeLink, signal: AbortSignal): Promise<void> {
  const session = http2.performServerHandshake(socket)
  session.on('stream', (stream, headers) => {
    stream.on('error', () => stream.destroy())
    answer(stream, String(headers[':method']), String(headers[':path']), link).catch(() => stream.destroy())
  })
  session.on('error', () => session.destroy())
  const end = () => session.destroy()
  signal.addEventListener('abort', end)
  if (signal.aborted) end()
  // `once` would throw the session's error, which is only how a link breaks.
  if (!session.destroyed) await new Promise<void>((resolve) => session.once('close', () => resolve()))
  signal.removeEventListener('abort', end)
}
