import type { JobLimits, Usage } from '@vitrine/contract/job.ts'

/** What a run may ask of models, and what it has used. The gateway adds to `spent`. */
export type Budget = {
  limits: Pick<JobLimits, 'modelCalls' | 'tokensIn' | 'tokensOut' | 'concurrentCalls'>
  spent: Usage
}

/** A caller that was handed a job; only such a one may use a model. */
export type Worker = { sandbox: string; job: string; run: number; budget: Budget }

/** Who calls: known by the socket that the call came in on, never by what it says. */
export type Caller = Worker | { sandbox: string; job: null }
