import { readFile } from 'node:fs/promises'
import type { AgentEvent } from '@vitrine/contract/event.ts'
import type { Repeat } from '@vitrine/contract/job.ts'
import { z } from 'zod'
import type { Answer } from './ask.ts'
import type { Plan, Tried } from './tried.ts'
import { candidateFolder } from './keep.ts'
import type { Generation, ModelFacts } from '../model-server.ts'
import { output } from '../places.ts'

const Kept = z.object({
  kind: z.enum(['first', 'repair', 'fresh']),
  style: z.enum(['chat', 'completion']),
  thinks: z.boolean(),
  seed: z.int(),
  sampling: z.object({
    temperature: z.number(),
    top_p: z.number(),
    top_k: z.number(),
    repeat_penalty: z.number().optional(),
  }),
  doneReason: z.string(),
  tokensIn: z.int(),
  tokensOut: z.int(),
  seconds: z.number(),
})
const Prompt = z.object({
  path: z.enum(['/api/chat', '/api/generate']),
  body: z.record(z.string(), z.unknown()),
})

/** A candidate as its run left it: how the model was asked, and what it answered. */
export type Recorded = Omit<z.infer<typeof Kept>, keyof Answer> & { prompt: Generation; answer: Answer }

/** The run that is repeated: its candidates, the first first. */
export type Repetition = { how: Repeat['how']; candidates: readonly Recorded[] }

/** Nothing is asked of a model whose answers are recorded, so nothing need be known of it. */
export const unaskedModel: ModelFacts = {
  template: '',
  capabilities: [],
  family: '',
  contextLength: Number.MAX_SAFE_INTEGER,
}

/** Reads the records of a run from /output. Throws where the first candidate's can't be read. */
export async function readRepetition({ run, how }: Repeat): Promise<Repetition> {
  const candidates: Recorded[] = []
  for (;;) {
    const folder = `${output}/${candidateFolder(run, candidates.length + 1)}`
    const kept = await readFile(`${folder}/candidate.json`, 'utf8').catch(() => undefined)
    if (kept === undefined && candidates.length > 0) return { how, candidates }
    if (kept === undefined) throw new Error(`the records of run ${run} are not there`)
    candidates.push(
      await readCandidate(folder, kept).catch((error: unknown) => {
        throw new Error(`the records in ${folder} can't be read: ${String(error).slice(0, 200)}`)
      }),
    )
  }
}

/** The next candidate's plan as it was in the run that is repeated; undefined where that has none that fits. */
export function planAgain(repetition: Repetition | undefined, row: readonly Tried[]): Plan | undefined {
  const recorded = repetition?.candidates[row.length]
  if (!recorded) return undefined
  const { kind, style, thinks } = recorded
  const last = row.at(-1)
  const failure =
    kind === 'repair' && last?.program !== undefined && last.judgement
      ? { program: last.program, complaint: last.judgement.complaint }
      : undefined
  const fits = kind !== 'repair' || failure !== undefined || repetition?.how === 'replay'
  return fits ? { number: row.length + 1, kind, style, thinks, failure } : undefined
}

/** True where all recorded answers were used, and no others may be asked for. */
export const isPlayedOut = (repetition: Repetition | undefined, row: readonly Tried[]): boolean =>
  repetition?.how === 'replay' && row.length >= repetition.candidates.length

/** Tells a recorded answer as if the model gave it now. */
export function playBack(candidate: number, { answer }: Recorded, emit: (event: AgentEvent) => void): Answer {
  if (answer.thinking) emit({ type: 'candidate.thinking', data: { candidate, text: answer.thinking } })
  if (answer.text) emit({ type: 'candidate.text', data: { candidate, text: answer.text } })
  return answer
}

async function readCandidate(folder: string, kept: string): Promise<Recorded> {
  const { doneReason, tokensIn, tokensOut, seconds, ...asked } = Kept.parse(JSON.parse(kept))
  const text = await readFile(`${folder}/answer.txt`, 'utf8')
  const thinking = await readFile(`${folder}/thinking.txt`, 'utf8').catch(() => '')
  const prompt = Prompt.parse(JSON.parse(await readFile(`${folder}/prompt.json`, 'utf8')))
  return { ...asked, prompt, answer: { text, thinking, doneReason, tokensIn, tokensOut, seconds } }
}
