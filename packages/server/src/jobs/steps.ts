import { isFinal, type Reason, type Waiting } from '@vitrine/contract/job.ts'
import type { Assignment } from '@vitrine/contract/link.ts'
import { now } from '../clock.ts'
import type { DesktopPorts } from '../desktops/ports.ts'
import type { Store } from '../events/event-log.ts'
import type { FileStore } from '../files/file-store.ts'
import type { Link } from '../links/link.ts'
import type { Links } from '../links/links.ts'
import type { Recordings } from '../recordings/recordings.ts'
import { deleteJobRows, type StoredJob } from '../store/jobs.ts'
import type { Agents } from './agents.ts'
import { assignment } from './assignment.ts'
import { change } from './change.ts'
import { desktopEnd, endOfRun } from './end.ts'
import type { Fleet } from './fleet.ts'
import type { Holders } from './holders.ts'
import { newId } from './id.ts'
import { running } from './observe.ts'
import { putFilesBack, putRecordsBack } from './put-back.ts'

/** How often a sandbox is offered a follow-up that it does not take. */
const followUpAttempts = 3

export type StepsOptions = Store & {
  fleet: Fleet
  links: Links
  agents: Agents
  holders: Holders
  files: FileStore
  ports: DesktopPorts
  recordings: Pick<Recordings, 'remove'>
}

/** What each action of the plan does. Every one may be begun again after a crash in the middle of it. */
export class Steps {
  readonly #options: StepsOptions

  constructor(options: StepsOptions) {
    this.#options = options
  }

  /** Gives the job a sandbox of the pool, and hands it over at once. */
  async claim(job: StoredJob, sandbox: string, signal: AbortSignal): Promise<void> {
    if (!this.#options.fleet.take(sandbox)) return
    const claimed = await this.#hold(job, sandbox, null)
    if (claimed) await this.assign(claimed, sandbox, signal)
  }

  /** Starts a sandbox for this job. */
  async start(job: StoredJob, signal: AbortSignal): Promise<void> {
    const sandbox = newId('sbx')
    const held = await this.#hold(job, sandbox, { for: 'sandbox', message: 'starting a sandbox' })
    if (!held) return
    const { memoryMiB, cpus } = job.request.limits
    try {
      await this.#options.fleet.start(sandbox, { memoryMiB, cpus }, false, signal)
    } catch (error) {
      await this.retry(
        held,
        `The sandbox did not start: ${error instanceof Error ? error.message : String(error)}`,
      )
      throw error
    }
  }

  async assign(job: StoredJob, sandbox: string, signal: AbortSignal): Promise<void> {
    const { links, agents, files, ports } = this.#options
    const link = links.find(sandbox)
    if (!link) return
    if (job.desktop === 'live') return this.#goOn(job, link, signal)
    const show = isFinal(job.state)
    if (show) await putFilesBack(files, job, link, signal)
    else await putRecordsBack(files, job, link, signal)
    const image = await this.#options.fleet.image(sandbox, signal)
    const refused = await this.#handOver(link, assignment(job, show ? 'show' : 'work', image), signal)
    if (refused !== null) {
      await this.retry(job, refused)
      return
    }
    const desktopPort = await ports.open(job.id)
    const assigned = await change(this.#options, job.id, (before) => {
      if (before.sandbox !== sandbox || before.desktop !== 'opening' || before.life.closing) return null
      const patch = show ? { life: { expiresAt: desktopEnd(job, now()), waiting: null } } : running()
      return { ...patch, desktop: 'live', life: { ...patch.life, desktopPort } }
    })
    if (!assigned) return
    agents.follow(link, assigned)
  }

  /** Gives the sandbox up and lets the job try again, each time later. */
  async retry(job: StoredJob, message: string): Promise<void> {
    const retried = await change(this.#options, job.id, (before) => {
      if (before.sandbox === null || before.sandbox !== job.sandbox) return null
      const attempts = before.life.attempts + 1
      const notBefore = now() + Math.min(30_000, 500 * 2 ** attempts)
      const life = { attempts, notBefore, waiting: { for: 'sandbox', message } as const }
      return isFinal(before.state)
        ? { sandbox: null, desktop: 'closed', life: { ...life, waiting: null }, message }
        : { sandbox: null, desktop: 'closed', state: 'queued', life, message }
    })
    // Where it never came to be, no listing will tell to remove it.
    if (retried) await this.#options.links.close(job.sandbox!)
  }

  async fail(job: StoredJob, reason: Reason): Promise<void> {
    const failed = await change(this.#options, job.id, (before) => {
      if (isFinal(before.state) || before.sandbox !== job.sandbox) return null
      return { state: 'failed', life: { ...endOfRun(before), reason } }
    })
    if (failed) this.#options.agents.tell(failed)
  }

  async wait(job: StoredJob, waiting: Waiting | null): Promise<void> {
    await change(this.#options, job.id, (before) =>
      before.state === job.state && before.run === job.run ? { life: { waiting } } : null,
    )
  }

  /** Keeps the files, closes the desktop, removes the sandbox. */
  async close(job: StoredJob, message: string, signal: AbortSignal): Promise<void> {
    const { fleet, ports, agents } = this.#options
    const sandbox = job.sandbox!
    const kept = await agents.keepFiles(sandbox, job.id, job.run, signal)
    await change(this.#options, job.id, (before) =>
      before.sandbox === sandbox
        ? {
            desktop: 'closed',
            sandbox: null,
            life: { closing: false, expiresAt: null, desktopPort: null, waiting: null },
            message: kept ? message : `${message}; files changed since the work ended could not be kept`,
          }
        : null,
    )
    await ports.close(job.id)
    await fleet.remove(sandbox, signal)
  }

  /** The run before: keeps what its sandbox still holds and removes it. */
  async retire(job: StoredJob, signal: AbortSignal): Promise<void> {
    const { sandbox, run } = job.life.previous!
    await this.#options.agents.keepFiles(sandbox, job.id, run, signal)
    await change(this.#options, job.id, () => ({ life: { previous: null } }))
    await this.#options.ports.close(job.id)
    await this.#options.fleet.remove(sandbox, signal)
  }

  /** Forgets deleted jobs; their sandboxes, now nobody's, are removed by the next plan. */
  async purge(jobs: readonly StoredJob[]): Promise<void> {
    const { db, events, files, ports, recordings } = this.#options
    const emptied = await Promise.allSettled(
      jobs.map(async ({ id }) => {
        await ports.close(id)
        await files.remove(id)
        await recordings.remove(id)
        return id
      }),
    )
    const gone = emptied.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    await db.transaction().execute(async (transaction) => {
      for (const id of gone) await deleteJobRows(transaction, id)
    })
    for (const id of gone) events.wake(id)
    for (const one of emptied) if (one.status === 'rejected') throw one.reason
  }

  /** Hands a follow-up to the sandbox that the job has; where it can't go on there, the run has failed. */
  async #goOn(job: StoredJob, link: Link, signal: AbortSignal): Promise<void> {
    const { agents, holders } = this.#options
    // Whatever the follow-up does to them, the files as they were before it can be had.
    if (job.state === 'queued') await agents.keepFiles(link.sandbox, job.id, job.run - 1, signal)
    const isMeant = (before: StoredJob) => before.run === job.run && before.sandbox === link.sandbox
    const starting = await change(this.#options, job.id, (before) =>
      isMeant(before) && before.state === 'queued' ? { state: 'starting', life: { waiting: null } } : null,
    )
    const meant = starting ?? job
    if (meant.state !== 'starting') return
    holders.forget(link.sandbox)
    const image = await this.#options.fleet.image(link.sandbox, signal)
    const refused = await this.#handOver(link, assignment(meant, 'work', image), signal)
    if (refused !== null) return this.#askAgain(meant, link, refused)
    const assigned = await change(this.#options, job.id, (before) =>
      isMeant(before) && before.state === 'starting' ? running() : null,
    )
    agents.follow(link, assigned ?? meant)
  }

  /** The agent may only have been slow: it dials again and is asked again, and what is open in its sandbox stays. */
  async #askAgain(job: StoredJob, link: Link, message: string): Promise<void> {
    const attempts = job.life.attempts + 1
    if (attempts === followUpAttempts) return this.fail(job, { code: 'sandbox_failed', message })
    await change(this.#options, job.id, (before) =>
      before.run === job.run && before.sandbox === job.sandbox ? { life: { attempts } } : null,
    )
    link.close()
  }

  #hold(job: StoredJob, sandbox: string, waiting: Waiting | null): Promise<StoredJob | null> {
    return change(this.#options, job.id, (before) => {
      if (before.sandbox !== null || before.run !== job.run || before.deleting) return null
      const life = { waiting, agentEvents: 0 }
      if (before.state === 'queued') return { sandbox, state: 'starting', desktop: 'opening', life }
      return before.desktop === 'opening' ? { sandbox, life } : null
    })
  }

  /** Why the sandbox did not take it; null where it did. Throws where the link broke: once it is back, the same is tried again. */
  async #handOver(link: Link, wanted: Assignment, signal: AbortSignal): Promise<string | null> {
    try {
      return (await link.assign(wanted, signal)) ? null : 'The sandbox was handed to another job before.'
    } catch (error) {
      if (!link.isOpen) throw error
      return error instanceof Error ? error.message : String(error)
    }
  }
}
