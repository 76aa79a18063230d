import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { isFinal } from '@vitrine/contract/job.ts'
import type { AgentStatus } from '@vitrine/contract/link.ts'
import { now } from '../clock.ts'
import type { Store } from '../events/event-log.ts'
import type { FileStore } from '../files/file-store.ts'
import type { Link } from '../links/link.ts'
import type { Links } from '../links/links.ts'
import { LinkBreach } from '../links/requests.ts'
import type { Recordings } from '../recordings/recordings.ts'
import { findJob, type StoredJob } from '../store/jobs.ts'
import { change } from './change.ts'
import type { Driven } from './driven.ts'
import type { Fleet } from './fleet.ts'
import type { Meter } from './meter.ts'
import { observe } from './observe.ts'

const keepMilliseconds = 60_000
/** How often an agent is asked whether its desktop shows itself. */
const readyMilliseconds = 5
/** A sandbox ends itself this long after the server should have ended it, in case there is no server. */
const selfEndSeconds = 20

export type AgentsOptions = Store & {
  fleet: Fleet
  links: Links
  meter: Meter
  files: FileStore
  recordings: Pick<Recordings, 'record'>
  driven: Driven
  wake: () => void
  log: Logger
  signal: AbortSignal
}

/** The agents that are linked: takes them up when they dial, follows what they tell, keeps what they leave. */
export class Agents {
  readonly #options: AgentsOptions
  /** The run whose desktop is recorded over a link, and what ends that. */
  readonly #recorded = new WeakMap<Link, { run: number; stop: AbortController }>()
  readonly #followed = new WeakSet<Link>()

  constructor(options: AgentsOptions) {
    this.#options = options
  }

  /** An agent has dialled: for the first time, or again after the link or the server broke. */
  linked(link: Link): void {
    this.#takeUp(link).catch((error: unknown) => this.#lost(link, error))
  }

  /**
   * Stores what the agent tells of this job, from where the store left off, for as long as the link holds; each run's
   * desktop is recorded for itself.
   */
  follow(link: Link, job: StoredJob): void {
    this.#record(link, job)
    if (this.#followed.has(link)) return
    this.#followed.add(link)
    this.#options.driven.linked(job.id, link)
    this.#follow(link, job).catch((error: unknown) => this.#lost(link, error))
  }

  /** Tells a job's sandbox what was decided about the job; an agent that is away is told when it dials again. */
  tell(job: StoredJob): void {
    const link = job.sandbox && this.#options.links.find(job.sandbox)
    if (link) this.#tell(link, job).catch((error: unknown) => this.#lost(link, error))
  }

  /** Copies a sandbox's files to the store; false where it could not be asked any more. */
  async keepFiles(sandbox: string, job: string, run: number, signal: AbortSignal): Promise<boolean> {
    const { links, files, log } = this.#options
    const link = links.find(sandbox)
    if (!link) return false
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(keepMilliseconds)])
    const source = {
      list: () => link.files(bounded),
      read: (path: string) => link.readFile(path, bounded),
    }
    try {
      const kept = await files.keep(job, run, source, bounded)
      const told = await change(this.#options, job, ({ deleting }) =>
        deleting ? null : { ofRuns: [{ run, event: { type: 'files.kept', data: kept } }] },
      )
      // The job was deleted meanwhile, and its files perhaps before these came.
      if (!told) await files.remove(job)
      return true
    } catch (error) {
      log.warn({ job, sandbox, error }, 'the files of a sandbox were not kept')
      return false
    }
  }

  #record(link: Link, { id, run }: StoredJob): void {
    const { recordings, log, signal } = this.#options
    const before = this.#recorded.get(link)
    if (before?.run === run) return
    before?.stop.abort()
    const stop = new AbortController()
    this.#recorded.set(link, { run, stop })
    void link.closed.then(() => stop.abort())
    const open = (opening: AbortSignal) => link.desktop(opening)
    recordings.record(id, run, open, AbortSignal.any([signal, stop.signal])).catch((error: unknown) => {
      log.error({ job: id, error }, 'a desktop is no longer recorded')
    })
  }

  async #takeUp(link: Link): Promise<void> {
    const { db, fleet, wake } = this.#options
    const { assignment } = await this.#ready(link)
    fleet.linked(link)
    wake()
    const job = assignment && (await findJob(db, assignment.job))
    if (!job || job.sandbox !== link.sandbox || job.desktop === 'opening') return
    this.follow(link, job)
  }

  async #ready(link: Link): Promise<AgentStatus> {
    const { signal } = this.#options
    for (;;) {
      const status = await link.status(signal)
      if (status.desktop === 'ready') return status
      await sleep(readyMilliseconds, undefined, { signal })
    }
  }

  async #follow(link: Link, job: StoredJob): Promise<void> {
    const { signal, meter, wake } = this.#options
    await this.#tell(link, job)
    for await (const events of link.events(job.life.agentEvents, signal)) {
      const isLast = events.some(({ event }) => event.type === 'verdict')
      // A job that has ended shows all that it used.
      if (isLast) await meter.settle()
      const after = await observe(this.#options, job.id, {
        from: 'agent',
        sandbox: link.sandbox,
        events,
      })
      await link.acknowledge(events.at(-1)!.number, signal)
      if (!after || !isLast) continue
      wake()
      await this.#tell(link, after)
      await this.keepFiles(link.sandbox, job.id, after.run, signal)
    }
  }

  /** Ends canceled work, and says when the sandbox is to end itself should no server be there to end it. */
  async #tell(link: Link, job: StoredJob): Promise<void> {
    if (isFinal(job.state) && job.life.verdict === null) await link.cancel(job.run, this.#options.signal)
    const { seconds, desktopSeconds } = job.request.limits
    const left =
      isFinal(job.state) && job.life.expiresAt !== null
        ? (job.life.expiresAt - now()) / 1000
        : // While the work goes on its end is not known: model calls wait in a queue.
          seconds + desktopSeconds + 24 * 3600
    await link.live(left + selfEndSeconds, this.#options.signal)
  }

  #lost(link: Link, error: unknown): void {
    if (this.#options.signal.aborted) return
    const { fleet, log, wake } = this.#options
    log.warn({ sandbox: link.sandbox, error }, 'a link broke; the agent dials again')
    if (error instanceof LinkBreach) {
      fleet.distrust(link.sandbox, error.message)
      wake()
    }
    link.close()
  }
}
