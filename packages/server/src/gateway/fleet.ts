import { GatewayError } from './gateway-error.ts'
import type { GatewayLimits } from './limits.ts'
import { createUpstream, type Upstream } from './upstream.ts'

/** The model servers, and which of them a call goes to. */
export type Fleet = {
  all(): readonly Upstream[]
  set(urls: readonly string[]): void
  /** Learns what each server has. One that does not answer stays unknown. */
  refresh(): Promise<void>
  /** Throws `model_not_found` where every server answers and none has the model, and what `onDeserted` was told. */
  require(model: string): Promise<void>
  /** The first of `free` that has the model loaded, else the first that has it, or may have it. */
  choose(free: readonly Upstream[], model: string): Upstream | undefined
  /** A server that is away or busy is left alone for a moment, a longer one each time. */
  rest(server: Upstream): void
  /** It answered. */
  rested(server: Upstream): void
  /** How long ago it began to be away or busy; 0 for one that is not. */
  outFor(server: Upstream): number
  close(): Promise<void>
}

type Outage = { since: number; times: number; wake: NodeJS.Timeout | undefined }

const firstRestMs = 250
const longestRestMs = 5000

export type FleetEvents = {
  /** A server can be chosen that could not before. */
  onChange: () => void
  /** There has been no server at all for `patienceMs`, as where an embedded engine does not start. */
  onDeserted: (error: GatewayError) => void
}

export function createFleet(
  urls: readonly string[],
  limits: Pick<GatewayLimits, 'headerMs' | 'chunkMs' | 'patienceMs'>,
  { onChange, onDeserted }: FleetEvents,
): Fleet {
  let servers: readonly Upstream[] = []
  let deserted: GatewayError | undefined
  let patience: NodeJS.Timeout | undefined
  const outages = new WeakMap<Upstream, Outage>()
  place(urls)

  /** Calls under way on a server that is no longer named end by themselves. */
  function place(next: readonly string[]): void {
    const before = servers
    servers = next.map((url) => before.find((server) => server.url === url) ?? createUpstream(url, limits))
    clearTimeout(patience)
    if (servers.length === 0) patience = setTimeout(desert, limits.patienceMs).unref()
    else deserted = undefined
  }

  function desert(): void {
    deserted = new GatewayError('model_unavailable', 'no model server is there')
    onDeserted(deserted)
  }

  async function require(model: string): Promise<void> {
    if (deserted) throw deserted
    if (servers.some(({ catalog }) => catalog.has(model))) return
    await refresh()
    if (servers.length === 0 || servers.some(({ catalog }) => catalog.has(model) ?? true)) return
    throw new GatewayError('model_not_found', `model '${model}' not found`)
  }

  async function refresh(): Promise<void> {
    await Promise.allSettled(servers.map(({ catalog }) => catalog.refresh()))
  }

  function choose(free: readonly Upstream[], model: string): Upstream | undefined {
    const able = free.filter(
      (server) => outages.get(server)?.wake === undefined && server.catalog.has(model) !== false,
    )
    return (
      able.find(({ catalog }) => catalog.isLoaded(model)) ??
      able.find(({ catalog }) => catalog.has(model)) ??
      able[0]
    )
  }

  function rest(server: Upstream): void {
    const outage = outages.get(server) ?? { since: performance.now(), times: 0, wake: undefined }
    clearTimeout(outage.wake)
    const ms = Math.min(firstRestMs * 2 ** outage.times++, longestRestMs)
    outage.wake = setTimeout(() => {
      outage.wake = undefined
      onChange()
    }, ms).unref()
    outages.set(server, outage)
  }

  function rested(server: Upstream): void {
    clearTimeout(outages.get(server)?.wake)
    outages.delete(server)
  }

  return {
    all: () => servers,
    set(next) {
      place(next)
      onChange()
    },
    refresh,
    require,
    choose,
    rest,
    rested,
    outFor(server) {
      const outage = outages.get(server)
      return outage ? performance.now() - outage.since : 0
    },
    async close() {
      clearTimeout(patience)
      await Promise.all(servers.map((server) => server.destroy()))
    },
  }
}
