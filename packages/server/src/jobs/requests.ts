import { VitrineError } from '@vitrine/contract/error.ts'
import { isFinal, type NewPrompt, type Reason, type Repeat } from '@vitrine/contract/job.ts'
import { now } from '../clock.ts'
import type { StoredJob } from '../store/jobs.ts'
import { freshLife } from '../store/schema.ts'
import type { Patch } from './change.ts'
import { endOfRun } from './end.ts'

// What each request makes of a job. Null: it is so already. A VitrineError `conflict`: not as the job is now.

export function canceled(job: StoredJob): Patch | null {
  if (isFinal(job.state)) return null
  // A desktop that nobody has seen yet is not kept.
  return ended(job, { code: 'canceled', message: 'Canceled on request.' }, job.desktop === 'opening')
}

export function stopped(job: StoredJob): Patch | null {
  if (isFinal(job.state)) return job.desktop === 'closed' ? null : { life: { closing: true } }
  const message = 'Stopped on request before the work was done.'
  return ended(job, { code: 'stopped', message }, job.sandbox !== null)
}

const ended = (job: StoredJob, reason: Reason, closing: boolean): Patch => ({
  state: 'canceled',
  life: { ...endOfRun(job), reason, closing },
})

export function opened({ id, state, desktop, life: { closing } }: StoredJob): Patch | null {
  if (desktop !== 'closed' && !closing) return null
  if (desktop !== 'closed') throw conflict(`Job ${id} is being stopped.`)
  if (!isFinal(state)) throw conflict(`Job ${id} has not ended yet; its desktop opens by itself.`)
  const life = { attempts: 0, notBefore: 0, agentEvents: 0, closing: false, expiresAt: null }
  return { desktop: 'opening', life }
}

export function restarted({ run, sandbox, life }: StoredJob, repeats: Repeat | null): Patch {
  return {
    run: run + 1,
    state: 'queued',
    desktop: 'closed',
    sandbox: null,
    life: {
      ...freshLife,
      repeats,
      usage: life.usage,
      usageBefore: life.usage,
      previous: sandbox ? { sandbox, run } : life.previous,
    },
    message: 'the job was restarted',
    events: repeats ? [{ type: 'log', data: { level: 'info', message: repeating(repeats) } }] : [],
  }
}

const repeating = ({ run, how }: Repeat) =>
  how === 'exact'
    ? `Run ${run} is repeated with its styles, temperatures and seeds.`
    : `The recorded answers of run ${run} are used; no model is called.`

export function prompted(job: StoredJob, { prompt, check }: NewPrompt): Patch {
  requireLiveDesktop(job)
  const followUp = { prompt, check: check ?? null }
  const { usage, desktopPort, agentEvents } = job.life
  return {
    run: job.run + 1,
    state: 'queued',
    life: { ...freshLife, followUp, usage, usageBefore: usage, desktopPort, agentEvents },
    events: [{ type: 'job.prompted', data: followUp }],
  }
}

function requireLiveDesktop(job: StoredJob): void {
  requireEnded(job)
  const { id, desktop, life } = job
  if (desktop === 'live' && !life.closing) return
  const how = desktop === 'opening' ? 'is still being opened' : 'is closed; open it first'
  throw conflict(`The desktop of job ${id} ${how}.`)
}

export function requireEnded({ id, state }: StoredJob): void {
  if (!isFinal(state)) throw conflict(`Job ${id} still works; wait for its end, or cancel it first.`)
}

export function extended({ id, state, desktop }: StoredJob, seconds: number): Patch {
  if (desktop === 'closed') throw conflict(`The desktop of job ${id} is closed.`)
  if (!isFinal(state)) throw conflict(`Job ${id} still runs; its desktop's time begins when it ends.`)
  return { life: { expiresAt: now() + seconds * 1000 } }
}

const conflict = (message: string) => new VitrineError('conflict', message)
