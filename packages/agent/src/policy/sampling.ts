import type { ModelFacts } from '../model-server.ts'
import type { Plan } from './tried.ts'

export type Sampling = {
  temperature: number
  top_p: number
  top_k: number
  /** Absent in the records of older runs, which left it to the model server. */
  repeat_penalty?: number | undefined
}

type Warmth = Omit<Sampling, 'repeat_penalty'>
/** `fresh`: of the second candidate, the third and so on; the last goes on. */
type Family = { match: RegExp; first: Warmth; fresh: Warmth[]; thinking: Warmth }

/** Each family's own figures, from its model card; qwen3 falls into endless repetition when it is asked greedily. */
const families: Family[] = [
  {
    match: /qwen3/i,
    first: { temperature: 0.7, top_p: 0.8, top_k: 20 },
    fresh: [
      { temperature: 0.8, top_p: 0.8, top_k: 20 },
      { temperature: 0.9, top_p: 0.9, top_k: 40 },
    ],
    thinking: { temperature: 0.6, top_p: 0.95, top_k: 20 },
  },
  {
    match: /./,
    first: { temperature: 0.2, top_p: 0.9, top_k: 40 },
    fresh: [0.4, 0.5, 0.6, 0.7, 0.8].map((temperature) => ({ temperature, top_p: 0.95, top_k: 60 })),
    thinking: { temperature: 0.6, top_p: 0.95, top_k: 20 },
  },
]

/**
 * Programs repeat themselves: names, brackets, indentation. Ollama's usual penalty of 1.1 for that costs the smallest models most of
 * their right programs, and so does warmth: docs/decisions/0021-sampling.md.
 */
export function samplingFor({ family }: ModelFacts, model: string, { number, kind, thinks }: Plan): Sampling {
  const { first, fresh, thinking } =
    families.find(({ match }) => match.test(`${model} ${family}`)) ?? families.at(-1)!
  const warmth = thinks ? thinking : kind === 'fresh' ? (fresh[number - 2] ?? fresh.at(-1)!) : first
  return { ...warmth, repeat_penalty: 1 }
}

/**
 * One context size for all calls of a job: another one would make Ollama load the model again. Ollama cuts a prompt that
 * does not fit without a word, so there is room for the task, a program and its correction.
 */
export function contextFor(facts: ModelFacts, task: string, answerTokens: number): number {
  let size = 8192
  while (size < wantedTokens(task, answerTokens)) size *= 2
  return Math.min(size, facts.contextLength)
}

/** False where a task is so long that the model would not see all of it. */
export function fits(facts: ModelFacts, task: string, answerTokens: number): boolean {
  return wantedTokens(task, answerTokens) <= facts.contextLength
}

/** Code and prose have about three bytes a token. */
function wantedTokens(task: string, answerTokens: number): number {
  return 1024 + Math.ceil(Buffer.byteLength(task) / 3) + 3 * answerTokens
}
