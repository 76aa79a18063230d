import { EventEmitter, once } from 'node:events'
import { basename, join } from 'node:path'
import { VitrineError } from '@vitrine/contract/error.ts'
import { linkSocket } from '@vitrine/contract/link.ts'
import { fakeAgent, type FakeAgent, type FakeScript } from './fake-agent.ts'
import type { ObservedSandbox, Runtime } from './runtime.ts'

/** How long a call waits while the engine is frozen. */
export const fakeCallMs = 300

export type FakeRuntime = Runtime &
  AsyncDisposable & {
    /** The agent of a sandbox; throws where there is none. */
    agent: (id: string) => FakeAgent
    /** The next `create` throws this message as `unavailable`, and leaves nothing. */
    failNextCreate: (message: string) => void
    /** Calls do not return until `thaw`; after `fakeCallMs` they end with `unavailable`. */
    freeze: () => void
    thaw: () => void
    /** Faults of one sandbox, as somebody's hand or the kernel would cause them. */
    vanish: (id: string) => Promise<void>
    exit: (id: string, how: { exitCode: number; outOfMemory: boolean }) => Promise<void>
    pause: (id: string) => void
    resume: (id: string) => void
  }

/**
 * A runtime inside this process, for tests: each sandbox is a fake agent that dials the spec's link socket and plays
 * `script`. Sandboxes live as long as this object, so that a server started over the same one finds them again.
 */
export function fakeRuntime(options: { script?: FakeScript } = {}): FakeRuntime {
  const sandboxes = new Map<string, { observed: ObservedSandbox; agent: FakeAgent }>()
  const changes = new EventEmitter().setMaxListeners(0)
  let createFault: string | null = null
  let frozen: PromiseWithResolvers<void> | null = null

  const find = (id: string) => {
    const sandbox = sandboxes.get(id)
    if (!sandbox) throw new Error(`the fake runtime has no sandbox ${id}`)
    return sandbox
  }
  const observe = (id: string, change: Partial<ObservedSandbox>) => {
    Object.assign(find(id).observed, change)
    changes.emit('change')
  }
  const exit = async (id: string, how: { exitCode: number; outOfMemory: boolean }) => {
    observe(id, { state: 'exited', ...how })
    await find(id).agent[Symbol.asyncDispose]()
  }
  const vanish = async (id: string) => {
    const sandbox = sandboxes.get(id)
    if (!sandbox) return
    sandboxes.delete(id)
    changes.emit('change')
    await sandbox.agent[Symbol.asyncDispose]()
  }
  const noteEnd = async (id: string, agent: FakeAgent) => {
    await agent.ended
    const sandbox = sandboxes.get(id)
    if (sandbox?.agent === agent && sandbox.observed.state !== 'exited') {
      observe(id, { state: 'exited', exitCode: 0 })
    }
  }
  const answered = (signal: AbortSignal) => engineAnswers(frozen?.promise, signal)

  return {
    create: async (spec, signal) => {
      await answered(signal)
      if (createFault !== null) {
        const message = createFault
        createFault = null
        throw new VitrineError('unavailable', message)
      }
      if (sandboxes.has(spec.id)) return
      const socketPath = join(spec.linkFolder, basename(linkSocket))
      const agent = fakeAgent({ socketPath, script: options.script })
      const observed = { id: spec.id, state: 'running', exitCode: null, outOfMemory: false } as const
      sandboxes.set(spec.id, { observed, agent })
      changes.emit('change')
      void noteEnd(spec.id, agent)
    },
    remove: async (id, signal) => {
      await answered(signal)
      await vanish(id)
    },
    image: async (id, signal) => {
      await answered(signal)
      return sandboxes.has(id) ? 'sha256:fake' : null
    },
    list: async (signal) => {
      await answered(signal)
      return [...sandboxes.values()].map(({ observed }) => ({ ...observed }))
    },
    watch: async (wake, signal) => {
      if (signal.aborted) return
      changes.on('change', wake)
      await once(signal, 'abort')
      changes.off('change', wake)
    },
    health: async (signal) => {
      signal.throwIfAborted()
      const ok = frozen === null
      const message = ok ? 'The fake engine answers.' : 'The fake engine does not answer.'
      return { engine: { ok, message }, image: { ok, message, name: 'fake' } }
    },
    agent: (id) => find(id).agent,
    failNextCreate: (message) => {
      createFault = message
    },
    freeze: () => {
      frozen ??= Promise.withResolvers()
    },
    thaw: () => {
      frozen?.resolve()
      frozen = null
    },
    vanish,
    exit,
    pause: (id) => {
      observe(id, { state: 'paused' })
      find(id).agent.freeze()
    },
    resume: (id) => {
      observe(id, { state: 'running' })
      find(id).agent.thaw()
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...sandboxes.keys()].map(vanish))
    },
  }
}

async function engineAnswers(thawed: Promise<void> | undefined, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  if (!thawed) return
  const limit = AbortSignal.any([signal, AbortSignal.timeout(fakeCallMs)])
  const tooLate = once(limit, 'abort').then(() => {
    signal.throwIfAborted()
    throw new VitrineError('unavailable', `The fake engine did not answer within ${fakeCallMs} ms.`)
  })
  await Promise.race([thawed, tooLate])
}
