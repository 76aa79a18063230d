import type { Check, EventOf } from '../site.ts'

/** A program that was asked for, and what became of it so far. */
export type Candidate = {
  kind: 'candidate'
  run: number
  number: number
  attempt: 'first' | 'repair' | 'fresh'
  model: string
  temperature: number
  seed: number
  thinking: string
  text: string
  finished: {
    tokensIn: number
    tokensOut: number
    seconds: number
    doneReason: string
    program: string | null
  } | null
  checks: Check[]
  /** The check that runs now. */
  checking: Check['check'] | null
}

/** Why an answer ended before its model had said all. */
export const cutWord: Partial<Record<string, string>> = {
  length: 'cut off at its longest',
  loop: 'ended as it repeated itself',
}

export type CandidateEvent = EventOf<
  'candidate.thinking' | 'candidate.text' | 'candidate.finished' | 'check.started' | 'check.finished'
>

export function candidateOf({ run, data }: EventOf<'candidate.started'>): Candidate {
  const { candidate, kind, model, temperature, seed } = data
  return {
    kind: 'candidate',
    run,
    number: candidate,
    attempt: kind,
    model,
    temperature,
    seed,
    thinking: '',
    text: '',
    finished: null,
    checks: [],
    checking: null,
  }
}

/** What an event changes of it. */
export function changed(candidate: Candidate, event: CandidateEvent): Partial<Candidate> {
  switch (event.type) {
    case 'candidate.thinking':
      return { thinking: candidate.thinking + event.data.text }
    case 'candidate.text':
      return { text: candidate.text + event.data.text }
    case 'candidate.finished': {
      const { tokensIn, tokensOut, seconds, doneReason, program } = event.data
      return { finished: { tokensIn, tokensOut, seconds, doneReason, program } }
    }
    case 'check.started':
      return { checking: event.data.check }
  }
  return { checking: null, checks: [...candidate.checks, event.data.result] }
}
