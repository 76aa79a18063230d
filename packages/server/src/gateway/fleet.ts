import { GatewayError } from './gateway-error.ts'
import type { GatewayLimits } from './limits.ts'
import { createUpstream, type Upstream } from './upstream.ts'

/** The model servers, and which of them a call goes to. */
export type Fleet = {
  all(): readonly Upstream[]
  /** Learns what each server has. One that does not answer stays unknown. */
  refresh(): Promise<void>
  /** Throws `model_not_found` where every server answers and none has the model. */
  require(model: string): Promise<void>
  /** The first of `free` that has the model loaded, else the first that has it, or may have it. */
  choose(free: readonly Upstream[], model: string): Upstream | undefined
  /** A server that is away or busy is left alone for a moment, a longer one each time. */
  rest(server: Upstream, why: 'away' | 'busy'): void
  /** It answered a call. */
  rested(server: Upstream): void
  /** How long ago it began to be away or busy; 0 for one that is not. */
  outFor(server: Upstream): number
  /** True while no server can be chosen, because all are away. */
  isAway(): boolean
  close(): Promise<void>
}

type Outage = { why: 'away' | 'busy'; since: number; times: number; wake: NodeJS.Timeout | undefined }

const firstRestMs = 250
const longestRestMs = 5000

/** `onChange`: a server can be chosen that could not before. */
export function createFleet(
  urls: readonly string[],
  limits: Pick<GatewayLimits, 'headerMs' | 'chunkMs' | 'checkMs'>,
  onChange: () => void,
): Fleet {
  const servers: readonly Upstream[] = urls.map((url) => createUpstream(url, limits))
  const outages = new WeakMap<Upstream, Outage>()
  const checks = setInterval(() => servers.forEach((server) => void check(server)), limits.checkMs).unref()

  /** Learns what the server has now, and whether it is there: before a call needs to know. */
  async function check(server: Upstream): Promise<void> {
    const answers = await server.catalog.refresh().then(
      () => true,
      () => false,
    )
    const outage = outages.get(server)
    if (!answers && outage?.wake === undefined) rest(server, 'away')
    // Only a call that works ends an outage: a server may list models and still not run them.
    if (answers && outage?.why === 'away' && outage.wake !== undefined) wake(outage)
  }

  async function require(model: string): Promise<void> {
    if (servers.some(({ catalog }) => catalog.has(model))) return
    await refresh()
    if (servers.some(({ catalog }) => catalog.has(model) ?? true)) return
    throw new GatewayError('model_not_found', `model '${model}' not found`)
  }

  async function refresh(): Promise<void> {
    await Promise.allSettled(servers.map(({ catalog }) => catalog.refresh()))
  }

  function choose(free: readonly Upstream[], model: string): Upstream | undefined {
    const able = free.filter((server) => !isResting(server) && server.catalog.has(model) !== false)
    return (
      able.find(({ catalog }) => catalog.isLoaded(model)) ??
      able.find(({ catalog }) => catalog.has(model)) ??
      able[0]
    )
  }

  const isResting = (server: Upstream) => outages.get(server)?.wake !== undefined

  function rest(server: Upstream, why: 'away' | 'busy'): void {
    const outage: Outage = outages.get(server) ?? {
      why,
      since: performance.now(),
      times: 0,
      wake: undefined,
    }
    clearTimeout(outage.wake)
    outage.why = why
    outage.wake = setTimeout(
      () => wake(outage),
      Math.min(firstRestMs * 2 ** outage.times++, longestRestMs),
    ).unref()
    outages.set(server, outage)
  }

  function wake(outage: Outage): void {
    clearTimeout(outage.wake)
    outage.wake = undefined
    onChange()
  }

  function rested(server: Upstream): void {
    clearTimeout(outages.get(server)?.wake)
    outages.delete(server)
  }

  return {
    all: () => servers,
    refresh,
    require,
    choose,
    rest,
    rested,
    outFor(server) {
      const outage = outages.get(server)
      return outage ? performance.now() - outage.since : 0
    },
    isAway: () => servers.every((server) => isResting(server) && outages.get(server)?.why === 'away'),
    async close() {
      clearInterval(checks)
      await Promise.all(servers.map((server) => server.destroy()))
    },
  }
}
