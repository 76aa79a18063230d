import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { linkSocket } from '@vitrine/contract/link.ts'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { ObservedSandbox, Runtime, SandboxSpec } from './runtime.ts'

/** A runtime under test, and what somebody's hand or the kernel can do to its sandboxes. */
export type RuntimeUnderTest = AsyncDisposable & {
  runtime: Runtime
  /** Another installation on the same engine. */
  neighbour: Runtime
  /** A runtime whose engine does not answer, and within how many milliseconds its calls must end. */
  silent: { runtime: Runtime; withinMs: number }
  /** One whose sandboxes cannot start. */
  broken: Runtime
  kill: (id: string) => Promise<void>
  exhaustMemory: (id: string) => Promise<void>
  pause: (id: string) => Promise<void>
  removeByHand: (id: string) => Promise<void>
}

/** What every runtime must do, as tests. `make` is called once; each test has sandboxes of its own. */
export function runtimeConformance(name: string, make: () => Promise<RuntimeUnderTest>): void {
  describe(`the ${name} runtime`, () => {
    let under: RuntimeUnderTest
    let links: Awaited<ReturnType<typeof linkFolders>>
    const signal = AbortSignal.timeout(10 * 60_000)
    const watches: AbortController[] = []

    beforeAll(async () => {
      links = await linkFolders()
      under = await make()
    })
    afterEach(async () => {
      for (const watch of watches.splice(0)) watch.abort()
      for (const { id } of await under.runtime.list(signal)) await under.runtime.remove(id, signal)
    })
    afterAll(async () => {
      await under[Symbol.asyncDispose]()
      await links[Symbol.asyncDispose]()
    })

    const create = async (): Promise<SandboxSpec> => {
      const spec = await links.spec()
      await under.runtime.create(spec, signal)
      return spec
    }
    const seen = async (id: string) => (await under.runtime.list(signal)).find((one) => one.id === id)
    const until = (id: string, wanted: (observed: ObservedSandbox | undefined) => boolean) =>
      vi.waitUntil(async () => wanted(await seen(id)), { timeout: 15_000, interval: 20 })
    const watch = () => {
      const stop = new AbortController()
      const wake = vi.fn<() => void>()
      watches.push(stop)
      return { wake, stop, watching: under.runtime.watch(wake, stop.signal) }
    }

    test('lists a created sandbox as running', async () => {
      const { id } = await create()
      expect(await seen(id)).toEqual({ id, state: 'running', exitCode: null, outOfMemory: false })
    })

    test('creates a sandbox once, however often it is asked', async () => {
      const spec = await create()
      await under.runtime.create(spec, signal)
      expect(await under.runtime.list(signal)).toHaveLength(1)
    })

    test('creates several at the same time', async () => {
      const specs = await Promise.all([create(), create(), create()])
      const listed = await under.runtime.list(signal)
      expect(listed.map(({ id }) => id).toSorted()).toEqual(specs.map(({ id }) => id).toSorted())
    })

    test('removes a sandbox that runs, one that is paused, one that has exited, and one that is gone', async () => {
      const [running, paused, exited] = await Promise.all([create(), create(), create()])
      await under.pause(paused.id)
      await under.kill(exited.id)
      for (const { id } of [running, paused, exited, running]) await under.runtime.remove(id, signal)
      expect(await under.runtime.list(signal)).toEqual([])
    })

    test('removes the same sandbox twice at the same time', async () => {
      const { id } = await create()
      await Promise.all([under.runtime.remove(id, signal), under.runtime.remove(id, signal)])
      await until(id, (observed) => observed === undefined)
    })

    test('neither shows nor removes the sandboxes of another installation', async () => {
      const { id } = await create()
      expect(await under.neighbour.list(signal)).toEqual([])
      await under.neighbour.remove(id, signal)
      expect(await seen(id)).toMatchObject({ state: 'running' })
    })

    test('tells the exit code of one that was killed, and that it had memory', async () => {
      const { id } = await create()
      await under.kill(id)
      await until(id, (observed) => observed?.state === 'exited')
      expect(await seen(id)).toEqual({ id, state: 'exited', exitCode: 137, outOfMemory: false })
    })

    test('tells that a sandbox ran out of memory', async () => {
      const { id } = await create()
      watch()
      await under.exhaustMemory(id)
      await until(id, (observed) => observed?.outOfMemory === true)
    })

    test('shows one that is paused', async () => {
      const { id } = await create()
      await under.pause(id)
      await until(id, (observed) => observed?.state === 'paused')
    })

    test('no longer shows one that somebody removed', async () => {
      const { id } = await create()
      await under.removeByHand(id)
      await until(id, (observed) => observed === undefined)
    })

    test('wakes its watcher when a sandbox is created, killed and removed', async () => {
      const { wake } = watch()
      const woken = async (what: () => Promise<unknown>) => {
        const before = wake.mock.calls.length
        await what()
        await vi.waitUntil(() => wake.mock.calls.length > before, { timeout: 5000, interval: 5 })
      }
      await woken(create)
      const [sandbox] = await under.runtime.list(signal)
      const id = sandbox?.id ?? expect.fail('nothing is listed')
      await woken(() => under.kill(id))
      await woken(() => under.runtime.remove(id, signal))
    })

    test('ends its watch when it is told to', async () => {
      const { stop, watching } = watch()
      stop.abort()
      await watching
    })

    test('leaves nothing of a sandbox that did not start, and says why', async () => {
      const spec = await links.spec()
      const create = under.broken.create(spec, signal)
      await expect(create).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringMatching(/\w+/),
      })
      expect(await under.broken.list(signal)).toEqual([])
    })

    test('says `unavailable`, in time, when the engine does not answer', async () => {
      const { runtime, withinMs } = under.silent
      const spec = await links.spec()
      const started = performance.now()
      const calls = [runtime.create(spec, signal), runtime.remove(spec.id, signal), runtime.list(signal)]
      const health = runtime.health(signal)
      const ends = await Promise.allSettled(calls)
      expect((await health).engine.ok).toBe(false)
      expect(performance.now() - started).toBeLessThan(withinMs)
      for (const end of ends) expect(end).toMatchObject({ reason: { code: 'unavailable' } })
    })

    test('ends a call at once when its caller gives up', async () => {
      const reason = new Error('the caller gave up')
      const caller = new AbortController()
      const listing = under.silent.runtime.list(caller.signal)
      caller.abort(reason)
      await expect(listing).rejects.toBe(reason)
    })

    test('is healthy', async () => {
      expect(await under.runtime.health(signal)).toMatchObject({ engine: { ok: true }, image: { ok: true } })
    })
  })
}

/** Specs whose link folders hold a socket where a server answers, but takes no link. */
export async function linkFolders() {
  const root = await mkdtemp(join(tmpdir(), 'vitrine-runtime-'))
  const servers: http.Server[] = []
  return {
    spec: async (): Promise<SandboxSpec> => {
      const id = `sbx-${crypto.randomUUID().replaceAll('-', '').slice(0, 12)}`
      const linkFolder = join(root, id)
      await mkdir(linkFolder, { mode: 0o755 })
      const server = http.createServer((_request, response) => response.writeHead(503).end())
      servers.push(server)
      await once(
        server.listen({ path: join(linkFolder, basename(linkSocket)), writableAll: true }),
        'listening',
      )
      return { id, linkFolder, memoryMiB: 256, cpus: 1 }
    },
    [Symbol.asyncDispose]: async () => {
      for (const server of servers) {
        server.closeAllConnections()
        server.close()
      }
      await rm(root, { recursive: true })
    },
  }
}
