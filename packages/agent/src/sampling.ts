import type { ModelFacts } from './model-server.ts'

export type Sampling = { temperature: number; top_p: number; top_k: number }

type Family = { match: RegExp; first: Sampling; fresh: Sampling; thinking: Sampling }

/** Each family's own figures, from its model card; qwen3 falls into endless repetition when it is asked greedily. */
const families: Family[] = [
  {
    match: /qwen3/i,
    first: { temperature: 0.7, top_p: 0.8, top_k: 20 },
    fresh: { temperature: 0.9, top_p: 0.9, top_k: 40 },
    thinking: { temperature: 0.6, top_p: 0.95, top_k: 20 },
  },
  {
    match: /./,
    first: { temperature: 0.2, top_p: 0.9, top_k: 40 },
    fresh: { temperature: 0.8, top_p: 0.95, top_k: 60 },
    thinking: { temperature: 0.6, top_p: 0.95, top_k: 20 },
  },
]

export function samplingFor(
  { family }: ModelFacts,
  model: string,
  kind: 'first' | 'repair' | 'fresh',
  thinks: boolean,
): Sampling {
  const found = families.find(({ match }) => match.test(`${model} ${family}`)) ?? families.at(-1)!
  if (thinks) return found.thinking
  return kind === 'fresh' ? found.fresh : found.first
}

/**
 * One context size for all calls of a job: another one would make Ollama load the model again. Ollama cuts a prompt that
 * does not fit without a word, so there is room for the task, a program and its correction.
 */
export function contextFor({ contextLength }: ModelFacts, task: string, answerTokens: number): number {
  const taskTokens = Math.ceil(Buffer.byteLength(task) / 3)
  const wanted = 1024 + taskTokens + 2 * answerTokens
  let size = 8192
  while (size < wanted) size *= 2
  return Math.min(size, contextLength)
}
