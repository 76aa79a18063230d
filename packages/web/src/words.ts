import { VitrineApiError, VitrineConnectionError } from '@vitrine/sdk/error.ts'
import type { Check, Job, JobState, Verdict } from './site.ts'
import { visible } from './visible.ts'

export const stateWord: Record<JobState, string> = {
  queued: 'Queued',
  starting: 'Starting',
  running: 'Running',
  succeeded: 'Succeeded',
  failed: 'Failed',
  canceled: 'Canceled',
}

const phaseWord: Record<NonNullable<Job['phase']>, string> = {
  generating: 'The model writes a program',
  checking: 'The program is being checked',
  repairing: 'The model repairs the program',
  opening: 'The programs of the desktop are being opened',
}

export const checkWord: Record<Check['check'], string> = {
  compiles: 'It compiles',
  runs: 'It runs',
  stdout: 'It prints what was expected',
  tests: 'Its tests pass',
  command: 'The given command passes',
}

export const outcomeWord: Record<Verdict['outcome'], string> = {
  passed: 'Passed its check',
  ran: 'Ran without an error',
  failed: 'No program passed',
}

/** What a job is about, in one line: its name, or its task's first words. */
export function title(job: Pick<Job, 'name' | 'task'>): string {
  return job.name ?? (job.task.trim().split('\n')[0] ?? '').slice(0, 200)
}

/** What a job does now, waits for, or ended with. */
export function situation(job: Job): string {
  if (job.reason) return visible(job.reason.message)
  if (job.verdict) return outcomeWord[job.verdict.outcome]
  if (job.waiting) return visible(job.waiting.message)
  return job.phase ? phaseWord[job.phase] : ''
}

/** A time span in its two largest units: `3 s`, `2 min`, `1 h 5 min`, `4 d 2 h`. */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const [d, h, min] = [Math.floor(whole / 86_400), Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60]
  if (d > 0) return h > 0 ? `${d} d ${h} h` : `${d} d`
  if (h > 0) return min > 0 ? `${h} h ${min} min` : `${h} h`
  return min > 0 ? `${min} min` : `${whole} s`
}

export const secondsBetween = (from: string, now: number) => (now - Date.parse(from)) / 1000

/** What is left of a running job’s time limit, in words; empty for all other jobs. */
export function workLeft({ workTime }: Pick<Job, 'workTime'>, now: number): string {
  if (!workTime) return ''
  const left = workTime.endsAt === null ? (workTime.left ?? 0) : -secondsBetween(workTime.endsAt, now)
  return `${span(left)} left to work`
}

/** How long something took, for times that a check or a model measures. */
export const took = (seconds: number) => (seconds < 10 ? `${seconds.toFixed(2)} s` : span(seconds))

/** Bytes as people read them: `41 B`, `1.3 KiB`. */
export function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  const power = Math.min(4, Math.floor(Math.log2(bytes) / 10))
  return `${(bytes / 1024 ** power).toFixed(1)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB'][power]}`
}

/** What went wrong, and what to do. */
export function problemText(error: unknown): string {
  if (error instanceof VitrineConnectionError)
    return 'The server does not answer. This page tries again by itself.'
  if (error instanceof VitrineApiError && error.code === 'unauthorized') {
    return 'This browser is no longer signed in. Type ./vitrine open where the server runs, and follow the link it prints.'
  }
  return error instanceof Error ? error.message : String(error)
}
