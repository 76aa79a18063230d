import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { createControls, type Controls } from '../desktops/control.ts'
import { createViewers, type OpenDesktop, type Viewers } from '../desktops/viewers.ts'
import type { Driven } from '../jobs/driven.ts'
import type { Jobs } from '../jobs/jobs.ts'
import { liveLink } from '../jobs/live-link.ts'
import type { Reporter } from '../jobs/observe.ts'
import type { Links } from '../links/links.ts'
import { printedCharacters } from '../store/events.ts'
import type { Database } from '../store/schema.ts'
import { Printed } from '../terminals/printed.ts'
import { createTerminals, type Terminals } from '../terminals/terminals.ts'

export type DesktopsOptions = {
  config: Config
  db: Database
  jobs: Jobs
  links: Links
  driven: Driven
  report: Reporter
  log: Logger
}

export type Desktops = { open: OpenDesktop; controls: Controls; viewers: Viewers; terminals: Terminals }

/** The live desktops of jobs, who watches and drives them, and the terminals beside them. */
export function openDesktops(
  { config, db, jobs, links, driven, report, log }: DesktopsOptions,
  stack: AsyncDisposableStack,
): Desktops {
  const open: OpenDesktop = async (id, signal) => (await liveLink(jobs, links, id)).desktop(signal)
  const controls = createControls({
    idleMs: config.controlIdle * 1000,
    onChange: (job, control) => {
      report(job, { from: 'viewers', control })
      driven.changed(job)
    },
    onInput: (job, input) => report(job, { from: 'viewers', input }),
  })
  const viewers = stack.use(createViewers({ open, controls }))
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
      open: async (id, size, signal) => (await liveLink(jobs, links, id)).terminal(size, signal),
      watch: (job) => printed.watch(job),
    }),
  )
  return { open, controls, viewers, terminals }
}
