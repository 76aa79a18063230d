import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage, RequestListener } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { getRequestListener } from '@hono/node-server'
import { VitrineError } from '@vitrine/contract/error.ts'
import { apiPrefix } from '@vitrine/contract/routes.ts'
import type { Logger } from 'pino'
import packageJson from '../package.json' with { type: 'json' }
import { Access, readToken } from './api/access.ts'
import { createApp } from './api/app.ts'
import { controlRoutes } from './api/control.ts'
import { eventRoutes } from './api/events.ts'
import { fileRoutes } from './api/files.ts'
import { readHealth, type HealthParts } from './api/health.ts'
import { jobChangesRoute } from './api/job-changes.ts'
import { jobRoutes } from './api/jobs.ts'
import { listen, upgrades, type Accept, type Doors } from './api/listen.ts'
import { readWebFiles } from './api/pages.ts'
import { Passes } from './api/passes.ts'
import { recordingRoutes } from './api/recordings.ts'
import { serverRoutes } from './api/server.ts'
import { openShare, shareRoutes } from './api/shares.ts'
import { openToken, tokenRoutes } from './api/tokens.ts'
import type { Config } from './config.ts'
import { shownSettings } from './shown-settings.ts'
import { createControls } from './desktops/control.ts'
import { createDesktopPorts } from './desktops/ports.ts'
import { createScreenshots } from './desktops/screenshot.ts'
import { createViewers, type Entry, type OpenDesktop } from './desktops/viewers.ts'
import { createEgress } from './egress/egress.ts'
import { createResolver } from './egress/resolve.ts'
import { EventLog } from './events/event-log.ts'
import { folderStore } from './files/file-store.ts'
import { runEmbedded } from './gateway/embedded.ts'
import { createGateway } from './gateway/gateway.ts'
import { Agents } from './jobs/agents.ts'
import { Driven } from './jobs/driven.ts'
import { Fleet } from './jobs/fleet.ts'
import { Holders } from './jobs/holders.ts'
import { newId } from './jobs/id.ts'
import { Jobs } from './jobs/jobs.ts'
import { Meter } from './jobs/meter.ts'
import { observe, type Report } from './jobs/observe.ts'
import { reachOf } from './jobs/reach.ts'
import { recordedRun } from './jobs/recorded.ts'
import { Reconciler } from './jobs/reconcile.ts'
import { Steps } from './jobs/steps.ts'
import type { Link } from './links/link.ts'
import { Links } from './links/links.ts'
import { Recordings } from './recordings/recordings.ts'
import type { Runtime } from './runtimes/runtime.ts'
import { lockState, makeStateDirectory, serverFile } from './state-lock.ts'
import { printedCharacters } from './store/events.ts'
import { activeJobs, countJobs, jobIds, type StoredJob } from './store/jobs.ts'
import { setting } from './store/settings.ts'
import { openSqlite } from './store/sqlite.ts'
import { Printed } from './terminals/printed.ts'
import { createTerminals } from './terminals/terminals.ts'

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
 * Puts the parts together: config → store → links → jobs → loops → listen. The caller disposes of what it gets, which
 * goes back the same way; sandboxes live on. Throws one readable message where the state, the port or the configuration
 * can't be used.
 */
export async function serve(config: Config, options: ServeOptions): Promise<Serving> {
  const { runtimeFor, publishedAt = [config.host], log } = options
  await using stack = new AsyncDisposableStack()
  await makeStateDirectory(config.stateDir)
  stack.use(await lockState(config.stateDir))
  const stop = new AbortController()
  const stopping = stop.signal

  const db = await openSqlite(join(config.stateDir, 'vitrine.db'))
  stack.defer(() => db.destroy())
  const installation = await setting(db, 'installation', newId('sbx').slice('sbx-'.length))
  const access = new Access({
    token: await readToken(config.stateDir),
    openToken: (token) => openToken(db, token),
    publicUrl: publicUrl(config),
    allowedHosts: config.allowedHosts,
  })
  const passes = new Passes()
  const eventLog = new EventLog(db)
  const store = { db, log: eventLog }
  const files = folderStore(join(config.stateDir, 'files'))
  const runtime = await runtimeFor(installation)

  const report = (job: string, what: Report) => {
    observe(store, job, what).catch((error: unknown) => log.error({ job, error }, 'a report was lost'))
  }
  const meter = stack.use(new Meter({ ...store, logger: log }))
  const holders = new Holders(db)
  const enginePort = config.modelServers.includes('embedded') ? await freePort() : null
  const gateway = stack.use(
    createGateway({
      upstreams: config.modelServers.map((server) =>
        server === 'embedded' ? `http://127.0.0.1:${enginePort}` : server,
      ),
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
      reachOf: (sandbox) => reachOf(db, sandbox),
      resolve: createResolver(),
      write: async ({ job, lines, more }) =>
        void (await observe(store, job, { from: 'egress', lines, more })),
      log,
    }),
  )

  const links = stack.use(
    new Links({
      folder: join(config.stateDir, 'links'),
      serve: async (sandbox, request, response) => {
        if (isForProxy(request)) return egress.forward(sandbox, request, response)
        const holder = await holders.of(sandbox)
        await gateway.handle(holder ?? { sandbox, job: null }, request, response)
      },
      tunnel: (sandbox, request, socket, head) => egress.tunnel(sandbox, request, socket, head),
      onLink: (link) => agents.linked(link),
    }),
  )
  const fleet = new Fleet(runtime, links)
  const wake = () => reconciler.wake()
  const recordings = stack.use(
    new Recordings({
      ...config.recordings,
      root: join(config.stateDir, 'recordings'),
      tell: (job, message) => report(job, { from: 'recorder', message }),
    }),
  )
  const record = (link: Link, { id, run }: StoredJob, signal: AbortSignal) => {
    const gone = new AbortController()
    void link.closed.then(() => gone.abort())
    const open = (opening: AbortSignal) => link.desktop(opening)
    const ending = AbortSignal.any([stopping, gone.signal, signal])
    recordings.record(id, run, open, ending).catch((error: unknown) => {
      log.error({ job: id, error }, 'a desktop is no longer recorded')
    })
  }
  const driven = new Driven((job) => controls.of(job).isHeld, stopping)
  const agents = new Agents({
    ...store,
    meter,
    fleet,
    links,
    files,
    record,
    driven,
    wake,
    logger: log,
    signal: stopping,
  })
  const jobs = new Jobs({
    ...store,
    defaultModel: () => config.model,
    requireModel: (model) => gateway.requireModel(model),
    wrongHosts: (hosts) => egress.wrongHosts(hosts),
    wake,
    tell: (job) => agents.tell(job),
    recordedRun: (job) => recordedRun({ db, files, agents, signal: stopping }, job),
  })

  const liveLink = async (id: string) => {
    const job = await jobs.get(id)
    if (job.desktop !== 'live' || !job.sandbox) {
      throw new VitrineError('conflict', `The desktop of job ${id} is ${job.desktop}.`)
    }
    const link = links.find(job.sandbox)
    if (!link) throw new VitrineError('unavailable', `The sandbox of job ${id} does not answer now.`)
    return link
  }
  const openDesktop: OpenDesktop = async (id, signal) => (await liveLink(id)).desktop(signal)
  const controls = createControls({
    idleMs: config.controlIdle * 1000,
    onChange: (job, control) => {
      report(job, { from: 'viewers', control })
      driven.changed(job)
    },
    onInput: (job, input) => report(job, { from: 'viewers', input }),
  })
  const viewers = stack.use(createViewers({ open: openDesktop, controls }))
  const printed = stack.use(
    new Printed({
      kept: (job) => printedCharacters(db, job),
      tell: (job, printed) => report(job, { from: 'terminals', printed }),
      onFull: (job, message) => report(job, { from: 'recorder', message }),
      onLost: (job, error) => log.warn({ job, error }, 'what a terminal printed was not kept'),
    }),
  )
  const terminals = stack.use(
    createTerminals({
      open: async (id, size, signal) => (await liveLink(id)).terminal(size, signal),
      watch: (job) => printed.watch(job),
    }),
  )
  const toDesktop =
    (entry: Entry): Accept =>
    (...upgrade) =>
      viewers.accept(...upgrade, entry)
  const doors: Doors = {
    signedIn: (path) => {
      const [, job, what] = /^\/jobs\/([^/]+)\/(websockify|terminal)$/.exec(path) ?? []
      if (job === undefined) return null
      return what === 'terminal'
        ? (...upgrade) => terminals.accept(...upgrade, job)
        : toDesktop({ job, share: null })
    },
    guests: async (path) => {
      const token = /^\/s\/([^/]+)\/websockify$/.exec(path)?.[1]
      const shared = token === undefined ? null : await openShare(db, token)
      if (shared?.shows !== 'desktop') return null
      return { accept: toDesktop(shared.entry), pass: shared.pass }
    },
  }
  const doorsOf = (job: string): Doors => ({
    signedIn: (path) => (path === '/websockify' ? toDesktop({ job, share: null }) : null),
    guests: async () => null,
  })
  const web = await readWebFiles(config.webDir)
  const ports = stack.use(
    createDesktopPorts({
      ...(config.desktopPorts ?? noPorts),
      host: config.host,
      serve: (job) => onlyDesktop(job, serveHttp),
      upgrade: (job) => upgrades(access, passes, doorsOf(job)),
    }),
  )
  const steps = new Steps({ ...store, fleet, links, agents, holders, files, ports, recordings })
  const { poolSize, concurrency } = config
  const reconciler = new Reconciler({ db, fleet, steps, poolSize, concurrency, log })

  const desktopUrl = ({ id, life: { desktopPort: port } }: StoredJob) =>
    port !== null && config.publicUrl === undefined
      ? `http://localhost:${port}/vnc.html?host=localhost&port=${port}`
      : new URL(`jobs/${id}/vnc.html`, publicUrl(config)).href
  const health: HealthParts = {
    version,
    stateDir: config.stateDir,
    runtime: (signal) => runtime.health(signal),
    model: () => gateway.health(config.model),
    sandboxes: () => ({ ...fleet.count(), poolSize, concurrency }),
    queued: () => countJobs(db, ['queued']),
  }
  const app = createApp({
    handlers: {
      ...jobRoutes(jobs, desktopUrl),
      ...jobChangesRoute({ db, log: eventLog, desktopUrl, stopping }),
      ...eventRoutes(db, jobs, eventLog, stopping),
      ...fileRoutes(jobs, links, files),
      ...recordingRoutes({ jobs, recordings, log: eventLog, web }),
      ...controlRoutes(jobs, controls, openDesktop),
      ...tokenRoutes(db, passes),
      ...shareRoutes({ db, jobs, viewers, recordings, passes, publicUrl: publicUrl(config) }),
      ...serverRoutes(
        {
          health: (signal) => readHealth(health, signal),
          settings: () => shownSettings(config),
          models: async () => ({ models: await gateway.models(config.model) }),
          pull: (model, signal) => gateway.pull(model, signal),
          screenshot: createScreenshots(openDesktop),
        },
        access,
      ),
    },
    access,
    passes,
    guests: { open: (token) => openShare(db, token), jobs, controls, recordings, passes },
    web,
    version,
    log,
  })
  const answer = getRequestListener(app.fetch, { overrideGlobalObjects: false })
  const serveHttp: RequestListener = (request, response) => void answer(request, response)

  const active = await activeJobs(db)
  await links.keepOnly(active.flatMap(heldBy))
  await files.keepOnly(await jobIds(db))
  for (const job of active) await takeUpAgain(job)
  const loops = [reconciler.run(stopping), runtime.watch(() => reconciler.hint(), stopping)]
  if (enginePort !== null) {
    loops.push(
      runEmbedded({ modelFile: config.modelFile!, model: config.model, port: enginePort, log }, stopping),
    )
  }
  stack.defer(async () => {
    stop.abort()
    await Promise.all(loops)
  })

  const { port, close } = await listen(config.host, config.port, serveHttp, upgrades(access, passes, doors))
  stack.defer(close)
  const url = publicUrl({ ...config, port }).href
  await writeFile(serverFile(config.stateDir), JSON.stringify({ url, pid: process.pid, installation }))
  stack.defer(() => rm(serverFile(config.stateDir), { force: true }))
  log.info({ url, version, installation }, 'listening')
  const open = publishedAt.filter((address) => !isLoopback(address))
  if (open.length > 0) {
    log.warn(
      `Everybody who reaches this server at ${open.join(', ')} can try to sign in, and without TLS others can listen in.`,
    )
  }

  const whole = stack.move()
  return { url, [Symbol.asyncDispose]: () => whole.disposeAsync() }

  /** What a job held before this server started: its socket, on which its agent dials again, and its port. */
  async function takeUpAgain(job: StoredJob): Promise<void> {
    const { id, life } = job
    for (const sandbox of heldBy(job)) await links.listen(sandbox)
    if (life.desktopPort !== null) await ports.restore(id, life.desktopPort)
  }
}

/** The absolute form of a request's target is a proxy's (RFC 9112, 3.2.2). */
const isForProxy = ({ url = '' }: IncomingMessage) => /^[a-z][a-z0-9+.-]*:/i.test(url)

const heldBy = ({ sandbox, life }: StoredJob) =>
  [sandbox, life.previous?.sandbox].filter((held) => typeof held === 'string')

const noPorts = { from: 1, to: 0 }

const publicUrl = ({ publicUrl, port }: Pick<Config, 'publicUrl' | 'port'>) =>
  new URL((publicUrl ?? `http://localhost:${port}`).replace(/\/?$/, '/'))

/** Known before the engine is up, so that calls made meanwhile wait for it like for any model server. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

const isLoopback = (host: string) => host === 'localhost' || host === '::1' || host.startsWith('127.')

/** A desktop's own port shows that desktop, with who drives it, and nothing else. */
function onlyDesktop(job: string, serve: RequestListener): RequestListener {
  return (request, response) => {
    const { url = '/' } = request
    const path = url.split('?')[0]!
    if (path === '/') request.url = url.replace('/', '/vnc.html')
    else if (/^\/control(\/\w+)?$/.test(path)) request.url = `${apiPrefix}/jobs/${job}${url}`
    else if (path !== '/vnc.html' && !/^\/assets\/[^/]+$/.test(path)) {
      response.writeHead(404).end('Only a desktop is shown at this port: /vnc.html\n')
      return
    }
    serve(request, response)
  }
}
