import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import packageJson from '../package.json' with { type: 'json' }
import { listen } from './api/listen.ts'
import type { Config } from './config.ts'
import { Agents } from './jobs/agents.ts'
import { Driven } from './jobs/driven.ts'
import { Fleet } from './jobs/fleet.ts'
import { Jobs } from './jobs/jobs.ts'
import { observe, type Reporter } from './jobs/observe.ts'
import { recordedRun } from './jobs/recorded.ts'
import { Reconciler } from './jobs/reconcile.ts'
import { Steps } from './jobs/steps.ts'
import { takeUp } from './jobs/take-up.ts'
import { Links } from './links/links.ts'
import { Recordings } from './recordings/recordings.ts'
import type { Runtime } from './runtimes/runtime.ts'
import { publicUrl } from './serve/addresses.ts'
import { openDesktops } from './serve/desktops.ts'
import { openSite } from './serve/site.ts'
import { openState } from './serve/state.ts'
import { openWayOut } from './serve/way-out.ts'
import { serverFile, writeServerFile } from './state-lock.ts'

const { version } = packageJson

export type ServeOptions = {
  /** The runtime for this installation's sandboxes. */
  runtimeFor: (installation: string) => Promise<Runtime>
  /** The host's addresses at which the server's container is published; absent: it is reached where it listens. */
  publishedAt?: readonly string[]
  log: Logger
}

export type Serving = AsyncDisposable & { url: string }

/**
 * Puts the parts together: config → state → links → jobs → site → loops → listen. The caller disposes of what it gets, which
 * goes back the same way; sandboxes live on. Throws one readable message where the state, the port or the configuration
 * can't be used.
 */
export async function serve(config: Config, options: ServeOptions): Promise<Serving> {
  const { runtimeFor, publishedAt = [config.host], log } = options
  const { poolSize, concurrency } = config
  await using stack = new AsyncDisposableStack()
  const stop = new AbortController()
  const stopping = stop.signal

  const state = await openState(config.stateDir, stack)
  const { store, files, installation } = state
  const runtime = await runtimeFor(installation)
  const report: Reporter = (job, what) => {
    observe(store, job, what).catch((error: unknown) => log.error({ job, error }, 'a report was lost'))
  }

  const wayOut = await openWayOut({ config, store, report, log }, stack)
  const { gateway, egress, holders, meter } = wayOut
  const links = stack.use(
    new Links({
      folder: join(config.stateDir, 'links'),
      serve: wayOut.serve,
      tunnel: wayOut.tunnel,
      onLink: (link) => agents.linked(link),
    }),
  )
  const fleet = new Fleet(runtime, links)
  const recordings = stack.use(
    new Recordings({
      ...config.recordings,
      root: join(config.stateDir, 'recordings'),
      tell: (job, message) => report(job, { from: 'recorder', message }),
    }),
  )
  const driven = new Driven((job) => desktops.controls.of(job).isHeld, stopping)
  const wake = () => reconciler.wake()
  const agents = new Agents({
    ...store,
    meter,
    fleet,
    links,
    files,
    recordings,
    driven,
    wake,
    log,
    signal: stopping,
  })
  const jobs = new Jobs({
    ...store,
    defaultModel: () => config.model,
    requireModel: (model) => gateway.requireModel(model),
    wrongHosts: (hosts) => egress.wrongHosts(hosts),
    wake,
    tell: (job) => agents.tell(job),
    recordedRun: (job) => recordedRun({ db: store.db, files, agents, signal: stopping }, job),
  })

  const desktops = openDesktops({ config, db: store.db, jobs, links, driven, report, log }, stack)
  const site = await openSite(
    { config, version, state, runtime, gateway, links, fleet, jobs, desktops, recordings, stopping, log },
    stack,
  )
  const { ports } = site
  const steps = new Steps({ ...store, fleet, links, agents, holders, files, ports, recordings })
  const reconciler = new Reconciler({ db: store.db, fleet, steps, poolSize, concurrency, log })

  await takeUp({ db: store.db, links, files, ports })
  const loops = [
    reconciler.run(stopping),
    runtime.watch(() => reconciler.hint(), stopping),
    wayOut.runEngine(stopping),
  ]
  stack.defer(async () => {
    stop.abort()
    await Promise.all(loops)
  })

  const { close } = await listen(config.host, config.port, site.serve, site.upgrade)
  stack.defer(close)
  const url = publicUrl(config).href
  await writeServerFile(config.stateDir, { url, pid: process.pid, installation })
  // Left behind on a disk that takes nothing any more, it names a process that is no more.
  stack.defer(() => rm(serverFile(config.stateDir), { force: true }).catch(() => {}))
  log.info({ url, version, installation }, 'listening')
  const open = publishedAt.filter((address) => !isLoopback(address))
  if (open.length > 0) {
    log.warn(
      `Everybody who reaches this server at ${open.join(', ')} can try to sign in, and without TLS others can listen in.`,
    )
  }

  const whole = stack.move()
  return { url, [Symbol.asyncDispose]: () => whole.disposeAsync() }
}

const isLoopback = (host: string) => host === 'localhost' || host === '::1' || host.startsWith('127.')
