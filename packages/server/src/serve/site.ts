import type { IncomingMessage, RequestListener } from 'node:http'
import type { Duplex } from 'node:stream'
import { getRequestListener } from '@hono/node-server'
import type { Logger } from 'pino'
import { Access } from '../api/access.ts'
import { createApp } from '../api/app.ts'
import { controlRoutes } from '../api/control.ts'
import { eventRoutes } from '../api/events.ts'
import { fileRoutes } from '../api/files.ts'
import { readHealth, type HealthParts } from '../api/health.ts'
import { jobChangesRoute } from '../api/job-changes.ts'
import { jobRoutes } from '../api/jobs.ts'
import { upgrades } from '../api/listen.ts'
import { readWebFiles } from '../api/pages.ts'
import { Passes } from '../api/passes.ts'
import { recordingRoutes } from '../api/recordings.ts'
import { serverRoutes } from '../api/server.ts'
import { openShare, shareRoutes } from '../api/shares.ts'
import { openToken, tokenRoutes } from '../api/tokens.ts'
import type { Config } from '../config.ts'
import { createDesktopPorts, type DesktopPorts } from '../desktops/ports.ts'
import { createScreenshots } from '../desktops/screenshot.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { Fleet } from '../jobs/fleet.ts'
import type { Jobs } from '../jobs/jobs.ts'
import type { Links } from '../links/links.ts'
import type { Recordings } from '../recordings/recordings.ts'
import type { Runtime } from '../runtimes/runtime.ts'
import { shownSettings } from '../shown-settings.ts'
import { countJobs, type StoredJob } from '../store/jobs.ts'
import { desktopUrl, publicUrl } from './addresses.ts'
import type { Desktops } from './desktops.ts'
import { desktopDoors, onlyDesktop, serverDoors } from './doors.ts'
import type { State } from './state.ts'

export type SiteOptions = {
  config: Config
  version: string
  state: State
  runtime: Runtime
  gateway: Gateway
  links: Links
  fleet: Fleet
  jobs: Jobs
  desktops: Desktops
  recordings: Recordings
  stopping: AbortSignal
  log: Logger
}

export type Site = {
  serve: RequestListener
  upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
  /** Where each desktop is shown by itself. */
  ports: DesktopPorts
}

/** All that people and programs reach: the API, the pages, the desktops. Who asks is known here and nowhere behind it. */
export async function openSite(options: SiteOptions, stack: AsyncDisposableStack): Promise<Site> {
  const { config, version, state, gateway, links, jobs, desktops, recordings, stopping, log } = options
  const { db, events } = state.store
  const access = new Access({
    token: state.token,
    openToken: (token) => openToken(db, token),
    publicUrl: publicUrl(config),
    allowedHosts: config.allowedHosts,
  })
  const passes = new Passes()
  const { open, controls, viewers, terminals } = desktops
  const web = await readWebFiles(config.webDir)
  const urlOf = (job: StoredJob) => desktopUrl(config, job)
  const app = createApp({
    handlers: {
      ...jobRoutes(jobs, urlOf),
      ...jobChangesRoute({ db, events, desktopUrl: urlOf, stopping }),
      ...eventRoutes(db, jobs, events, stopping),
      ...fileRoutes(jobs, links, state.files),
      ...recordingRoutes({ jobs, recordings, events, web }),
      ...controlRoutes(jobs, controls, open),
      ...tokenRoutes(db, passes),
      ...shareRoutes({ db, jobs, viewers, recordings, passes, publicUrl: publicUrl(config) }),
      ...serverRoutes(
        {
          health: (signal) => readHealth(healthOf(options), signal),
          settings: () => shownSettings(config),
          models: async () => ({ models: await gateway.models(config.model) }),
          pull: (model, signal) => gateway.pull(model, signal),
          screenshot: createScreenshots(open),
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
  const serve: RequestListener = (request, response) => void answer(request, response)
  const ports = stack.use(
    createDesktopPorts({
      ...(config.desktopPorts ?? noPorts),
      host: config.host,
      serve: (job) => onlyDesktop(job, serve),
      upgrade: (job) => upgrades(access, passes, desktopDoors(viewers, job)),
    }),
  )
  return { serve, upgrade: upgrades(access, passes, serverDoors(db, viewers, terminals)), ports }
}

function healthOf({ config, version, state, runtime, gateway, fleet }: SiteOptions): HealthParts {
  const { stateDir, model, poolSize, concurrency } = config
  return {
    version,
    stateDir,
    runtime: (signal) => runtime.health(signal),
    model: () => gateway.health(model),
    sandboxes: () => ({ ...fleet.count(), poolSize, concurrency }),
    queued: () => countJobs(state.store.db, ['queued']),
  }
}

const noPorts = { from: 1, to: 0 }
