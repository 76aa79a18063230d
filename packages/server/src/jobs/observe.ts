import type { ControlChange, ControlInput } from '@vitrine/contract/control.ts'
import type { EgressAttempt, EgressMore } from '@vitrine/contract/egress.ts'
import type { AgentEvent, ModelCalled, ModelGenerating } from '@vitrine/contract/event.ts'
import type { Usage, Waiting } from '@vitrine/contract/job.ts'
import type { NumberedEvent } from '@vitrine/contract/link.ts'
import type { TerminalOutput } from '@vitrine/contract/terminal.ts'
import { now } from '../clock.ts'
import type { Store } from '../events/event-log.ts'
import type { StoredJob } from '../store/jobs.ts'
import { change, changeAll, type Patch } from './change.ts'
import { endOfRun } from './end.ts'

/** What is reported of a job from outside the server. */
export type Report =
  | { from: 'agent'; sandbox: string; events: readonly NumberedEvent[] }
  | { from: 'recorder'; message: string }
  | { from: 'viewers'; control: ControlChange }
  | { from: 'egress'; lines: readonly EgressAttempt[]; more: EgressMore | null }
  | { from: 'viewers'; input: ControlInput }
  | { from: 'terminals'; printed: TerminalOutput }
  | { from: 'gateway'; waiting: Waiting | null }
  | { from: 'gateway'; generating: ModelGenerating }

/** Takes reports that nobody waits for. */
export type Reporter = (job: string, report: Report) => void

/** The only way back: applies a report to a job. Reported twice, it counts once. The job, if it changed. */
export async function observe(store: Store, id: string, report: Report): Promise<StoredJob | null> {
  if (report.from === 'agent') await change(store, id, (job) => begins(job, report))
  return change(store, id, (job) => {
    if (report.from === 'agent') return job.sandbox === report.sandbox ? fromAgent(job, report) : null
    if (report.from === 'recorder') return job.deleting ? null : warns(report.message)
    if (report.from === 'viewers') {
      return 'control' in report
        ? { events: [{ type: 'control.changed', data: report.control }] }
        : { events: [{ type: 'control.input', data: report.input }] }
    }
    if (report.from === 'terminals') {
      return job.deleting ? null : { events: [{ type: 'terminal.output', data: report.printed }] }
    }
    if (report.from === 'egress') return job.deleting ? null : reached(report)
    if ('waiting' in report) return job.state === 'running' ? fromQueue(job, report.waiting) : null
    return job.state === 'running' ? generates(report.generating) : null
  })
}

/** Model calls of one run. */
export type RunCalls = { job: string; run: number; calls: readonly ModelCalled[] }

/** Applies what the gateway reports of calls that have ended, of many jobs at once. */
export function observeCalls(store: Store, runs: readonly RunCalls[]): Promise<void> {
  const ofJob = Map.groupBy(runs, ({ job }) => job)
  const decisions = new Map(
    [...ofJob].map(([id, all]) => [id, (job: StoredJob) => all.reduce(called(job), {})]),
  )
  return changeAll(store, decisions)
}

const warns = (message: string): Patch => ({
  events: [{ type: 'log', data: { level: 'warning', message } }],
})

const reached = ({ lines, more }: Report & { from: 'egress' }): Patch => ({
  events: [
    ...lines.map((data) => ({ type: 'egress.attempt', data }) as const),
    ...(more ? [{ type: 'egress.more', data: more } as const] : []),
  ],
})

const generates = (data: ModelGenerating): Patch => ({
  events: [{ type: 'model.generating', data }],
  life: { tokensPerSecond: data.tokensPerSecond },
})

const called =
  (job: StoredJob) =>
  ({ events = [], life = {} }: Patch, { run, calls }: RunCalls): Patch => {
    const { usage, usageBefore } = { ...job.life, ...life }
    const more = calls.reduce(withCall, { calls: 0, tokensIn: 0, tokensOut: 0 })
    return {
      events: [...events, ...calls.map((data) => ({ type: 'model.called', data }) as const)],
      life: {
        usage: sum(usage, more),
        usageBefore: run === job.run ? usageBefore : sum(usageBefore, more),
        tokensPerSecond: null,
      },
    }
  }

const withCall = (usage: Usage, { tokensIn, tokensOut }: ModelCalled): Usage =>
  sum(usage, { calls: 1, tokensIn, tokensOut })

const sum = (a: Usage, b: Usage): Usage => ({
  calls: a.calls + b.calls,
  tokensIn: a.tokensIn + b.tokensIn,
  tokensOut: a.tokensOut + b.tokensOut,
})

/** The first word of a follow-up's work may come before the server has written down that it was handed over. */
function begins(job: StoredJob, { sandbox, events }: Report & { from: 'agent' }): Patch | null {
  const isMeant = job.sandbox === sandbox && job.state === 'starting' && job.desktop === 'live'
  return isMeant && events.some(({ run }) => run === job.run) ? running() : null
}

/** The agent has taken the work. */
export const running = (): Patch => ({ state: 'running', life: { startedAt: now(), waiting: null } })

function fromAgent(job: StoredJob, report: Report & { from: 'agent' }): Patch | null {
  const fresh = report.events.filter(({ number }) => number > job.life.agentEvents)
  const last = fresh.at(-1)
  if (!last) return null
  const [late, present] = partition(fresh, ({ run = job.run }) => run < job.run)
  const events = present.map(({ event }) => event)
  const patch: Patch = {
    ofRuns: late.map(({ run = job.run, event }) => ({ run, event })),
    events,
    life: { agentEvents: last.number },
  }
  if (job.state !== 'running') return patch
  for (const event of events) {
    if (event.type === 'job.phase') patch.life!.phase = event.data.phase
    if (event.type === 'model.waiting') Object.assign(patch.life!, waits(job, event.data.waiting))
    if (event.type === 'verdict') return { ...patch, ...ended(job, patch, event.data) }
  }
  return patch
}

function ended(
  job: StoredJob,
  patch: Patch,
  { verdict, reason }: Extract<AgentEvent, { type: 'verdict' }>['data'],
): Patch {
  const failed = verdict.outcome === 'failed'
  const why = reason ?? ({ code: 'check_failed', message: 'No candidate passed its checks.' } as const)
  return {
    state: failed ? 'failed' : 'succeeded',
    life: {
      ...patch.life,
      ...endOfRun(job),
      waitingSince: null,
      verdict,
      reason: failed ? why : null,
    },
  }
}

function fromQueue(job: StoredJob, waiting: Waiting | null): Patch | null {
  return job.life.waiting?.message === waiting?.message ? null : { life: waits(job, waiting) }
}

/** The clock of the job's time limit stands still while it waits. */
function waits({ life }: StoredJob, waiting: Waiting | null) {
  const { waitingSince } = life
  if (waiting) return { waiting, waitingSince: waitingSince ?? now() }
  return {
    waiting,
    waitingSince: null,
    waited: life.waited + (waitingSince === null ? 0 : now() - waitingSince),
  }
}

function partition<T>(all: readonly T[], isFirst: (one: T) => boolean): [T[], T[]] {
  const { first = [], second = [] } = Object.groupBy(all, (one) => (isFirst(one) ? 'first' : 'second'))
  return [first, second]
}
