import type { Judgement } from '../checks/judge.ts'
import type { Failure, StyleName } from './prompts.ts'

/** How a model is to be asked for one candidate. */
export type Plan = {
  number: number
  kind: 'first' | 'repair' | 'fresh'
  style: StyleName
  thinks: boolean
  failure: Failure | undefined
}

/** One candidate: how the model was asked, the program that came, and what the checks found. */
export type Tried = Plan & {
  program: string | undefined
  answer: string
  /** The answer was longer than its room. */
  cut: boolean
  judgement: Judgement | undefined
}
