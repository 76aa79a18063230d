import type { Generated, Kysely } from 'kysely'
import type {
  Check,
  DesktopState,
  FollowUp,
  JobLimits,
  JobState,
  Language,
  Phase,
  Reason,
  Repeat,
  Usage,
  Verdict,
  Waiting,
} from '@vitrine/contract/job.ts'
import type { ShareMode } from '@vitrine/contract/share.ts'

/** The tables, as the statements see them. JSON is kept as text; times are milliseconds since 1970. */
export type Schema = {
  jobs: {
    number: Generated<number>
    id: string
    run: number
    version: number
    state: JobState
    desktop: DesktopState
    sandbox: string | null
    /** 0 once nothing is left to do for the job: reconciling reads only the others. */
    active: 0 | 1
    deleting: 0 | 1
    request: string
    /** What a text filter looks at, in lower case. */
    text: string
    life: string
    idempotency_key: string | null
    idempotency_hash: string | null
  }
  labels: { job: string; key: string; value: string }
  events: { job: string; seq: number; at: number; run: number; type: string; data: string }
  shares: {
    id: string
    job: string
    token_hash: string
    mode: ShareMode
    /** Where in which recording; null for a link to the desktop. */
    moment: string | null
    created_at: number
    expires_at: number
  }
  /** Idempotency keys of follow-ups; a job's own is in `jobs`. */
  prompts: { job: string; key: string; hash: string }
  tokens: {
    id: string
    name: string
    hash: string
    created_at: number
    /** Null: it is good until it is removed. */
    expires_at: number | null
    used_at: number | null
  }
  settings: { name: string; value: string }
}

export type Database = Kysely<Schema>

/** What was asked for; never changes. */
export type JobRequest = {
  task: string
  name: string | null
  model: string
  language: Language
  check: Check | null
  limits: JobLimits
  egress: string[]
  labels: Record<string, string>
  createdAt: number
}

/** What has become of it so far. */
export type JobLife = {
  /** What the present run changes; null where it runs the task. */
  followUp: FollowUp | null
  /** The earlier run that the present one repeats. */
  repeats: Repeat | null
  phase: Phase | null
  waiting: Waiting | null
  reason: Reason | null
  verdict: Verdict | null
  usage: Usage
  /** What runs before this one had used: a budget is a run's. */
  usageBefore: Usage
  tokensPerSecond: number | null
  startedAt: number | null
  /** Milliseconds of this run spent waiting for the model, and since when it waits now: its time limit stands still. */
  waited: number
  waitingSince: number | null
  finishedAt: number | null
  /** When the desktop's time is over. */
  expiresAt: number | null
  desktopPort: number | null
  /** Somebody asked for the desktop to be closed. */
  closing: boolean
  /** The sandbox of the run before, until its files are kept and it is removed. */
  previous: { sandbox: string; run: number } | null
  /** How often starting a sandbox failed in this run, and when to try again. */
  attempts: number
  notBefore: number
  /** The number of the last event stored of this sandbox's agent. */
  agentEvents: number
}

/** The life of a job that has just been made. */
export const freshLife: JobLife = {
  followUp: null,
  repeats: null,
  phase: null,
  waiting: null,
  reason: null,
  verdict: null,
  usage: { calls: 0, tokensIn: 0, tokensOut: 0 },
  usageBefore: { calls: 0, tokensIn: 0, tokensOut: 0 },
  tokensPerSecond: null,
  startedAt: null,
  waited: 0,
  waitingSince: null,
  finishedAt: null,
  expiresAt: null,
  desktopPort: null,
  closing: false,
  previous: null,
  attempts: 0,
  notBefore: 0,
  agentEvents: 0,
}
