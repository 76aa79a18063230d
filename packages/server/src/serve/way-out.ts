import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { createEgress, type Egress } from '../egress/egress.ts'
import { createResolver } from '../egress/resolve.ts'
import { isForProxy } from '../egress/target.ts'
import type { Store } from '../events/event-log.ts'
import { embeddedEngine } from '../gateway/embedded.ts'
import { createGateway, type Gateway } from '../gateway/gateway.ts'
import { Holders } from '../jobs/holders.ts'
import { Meter } from '../jobs/meter.ts'
import { observe, type Reporter } from '../jobs/observe.ts'
import { reachOf } from '../jobs/reach.ts'
import type { LinksOptions } from '../links/links.ts'

export type WayOutOptions = { config: Config; store: Store; report: Reporter; log: Logger }

export type WayOut = Pick<LinksOptions, 'serve' | 'tunnel'> & {
  gateway: Gateway
  egress: Egress
  holders: Holders
  meter: Meter
  /** Runs the embedded engine, where one is configured, until `signal` aborts. */
  runEngine: (signal: AbortSignal) => Promise<void>
}

/** The two things that a sandbox may ask of the outside: a model, and the hosts that its job names. */
export async function openWayOut(
  { config, store, report, log }: WayOutOptions,
  stack: AsyncDisposableStack,
): Promise<WayOut> {
  const meter = stack.use(new Meter({ ...store, log }))
  const holders = new Holders(store.db)
  const { modelServers, modelFile, model } = config
  const engine = modelServers.includes('embedded')
    ? await embeddedEngine({ modelFile: modelFile!, model, log })
    : null
  const gateway = stack.use(
    createGateway({
      upstreams: modelServers.map((server) => (server === 'embedded' ? engine!.url : server)),
      concurrencyPerUpstream: config.modelSlots,
      maxContext: 32_768,
      maxPredict: 16_384,
      limits: { patienceMs: config.modelPatience * 1000 },
      onWaiting: ({ job }, waiting) => report(job, { from: 'gateway', waiting }),
      onGenerating: ({ job }, generating) => report(job, { from: 'gateway', generating }),
      onCalled: ({ job, run }, call) => meter.add(job, run, call),
      log,
    }),
  )
  const egress = stack.use(
    createEgress({
      ...config.egress,
      reachOf: (sandbox) => reachOf(store.db, sandbox),
      resolve: createResolver(),
      write: async ({ job, lines, more }) =>
        void (await observe(store, job, { from: 'egress', lines, more })),
      log,
    }),
  )
  return {
    gateway,
    egress,
    holders,
    meter,
    serve: async (sandbox, request, response) => {
      if (isForProxy(request)) return egress.forward(sandbox, request, response)
      const holder = await holders.of(sandbox)
      await gateway.handle(holder ?? { sandbox, job: null }, request, response)
    },
    tunnel: (sandbox, request, socket, head) => egress.tunnel(sandbox, request, socket, head),
    runEngine: async (signal) => engine?.run(signal),
  }
}
