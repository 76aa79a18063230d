import { randomInt } from 'node:crypto'
import type { AgentEvent } from '@vitrine/contract/event.ts'
import type { Assignment } from '@vitrine/contract/link.ts'
import { ask, type Answer, type Asking } from './ask.ts'
import { extractPrograms } from '../extract/extract.ts'
import { compiles, judge } from '../checks/judge.ts'
import { CandidateFolder, removeProgram, saveProgram, type Asked } from './keep.ts'
import { languages } from '../languages.ts'
import type { Generation, ModelAddress, ModelFacts } from '../model-server.ts'
import { output } from '../places.ts'
import type { ProgramFile } from '../files/program-file.ts'
import { isExcerpt } from '../extract/borders.ts'
import { styles, wishText, type Wish } from './prompts.ts'
import { playBack, type Repetition } from './repeat.ts'
import { contextFor, samplingFor } from './sampling.ts'
import { shortened } from './shortened.ts'
import type { Tried } from './tried.ts'

/** Generous: the room for an answer is the largest lever on what tiny models solve. */
export const answerTokens = 2048
/** How many readings of one answer are run. */
const readings = 3

export type Tools = {
  address: ModelAddress
  emit: (event: AgentEvent) => void
  program: ProgramFile
  wish: Wish
  /** The run to repeat, if any. */
  repetition: Repetition | undefined
}

/** Asks for one candidate, runs what comes and writes down what was found: in `tried`, as events and as files. */
export async function tryCandidate(
  tried: Tried,
  job: Assignment,
  {
    facts,
    tools,
    asking,
    mayBeLonger,
  }: { facts: ModelFacts; tools: Tools; asking: Asking; mayBeLonger: boolean },
): Promise<void> {
  const { number: candidate, kind, style, thinks } = tried
  const recorded = tools.repetition?.candidates[candidate - 1]
  const replayed = tools.repetition?.how === 'replay' ? recorded : undefined
  const sampling = recorded?.sampling ?? samplingFor(facts, job.model, tried)
  const seed = recorded?.seed ?? randomInt(2 ** 31)
  const asked: Asked = { candidate, style, kind, thinks, model: job.model, seed, sampling }
  const folder = new CandidateFolder(job.run, candidate)
  tools.emit({ type: 'job.phase', data: { phase: kind === 'repair' ? 'repairing' : 'generating' } })
  tools.emit({ type: 'candidate.started', data: startOf(asked) })

  const { path: endpoint, body } = styles[style].prompt(tools.wish, tried.failure)
  const generation = (tokens: number): Generation => ({
    path: endpoint,
    body: {
      ...body,
      model: job.model,
      // Unset, it means true for models that can think.
      ...(endpoint === '/api/chat' && facts.capabilities.includes('thinking') && { think: thinks }),
      options: {
        ...(body['options'] as object | undefined),
        ...sampling,
        seed,
        num_ctx: contextFor(facts, wishText(tools.wish), answerTokens),
        num_predict: thinks ? 2 * tokens : tokens,
      },
    },
  })
  const put = async (prompt: Generation): Promise<Answer> => {
    await folder.prompt(prompt)
    if (replayed) return playBack(candidate, replayed, tools.emit)
    tools.emit({ type: 'candidate.asked', data: { candidate, ...shortened(prompt) } })
    return ask(candidate, prompt, asking)
  }
  let answer = await put(replayed?.prompt ?? generation(answerTokens))
  tried.cut = answer.doneReason === 'length'
  if (tried.cut && mayBeLonger && !replayed) {
    const message = 'The answer was longer than its room; the model is asked once more with twice as much.'
    tools.emit({ type: 'log', data: { level: 'info', message } })
    answer = await put(generation(2 * answerTokens))
  }
  if (answer.doneReason === 'loop') {
    const message = 'The answer said the same over and over, so it was ended.'
    tools.emit({ type: 'log', data: { level: 'info', message } })
  }
  await folder.answer(answer)
  const told = styles[style].begun(job.language) + answer.text
  tried.answer = answer.text
  const programs = extractPrograms(told, job.language)
  const taken = takenByCompiler(programs, job, asking.signal)
  const first = (await taken.next()).value ?? programs[0]
  tried.program = first
  const { tokensIn, tokensOut, seconds, doneReason } = answer
  const finished = { candidate, tokensIn, tokensOut, seconds, doneReason, program: first ?? null }
  tools.emit({ type: 'candidate.finished', data: finished })

  tools.emit({ type: 'job.phase', data: { phase: 'checking' } })
  for (let program = first, reading = 1; program !== undefined; reading += 1) {
    await tools.program.save(program)
    const judgement = await judge(tools.program.path, {
      candidate,
      language: job.language,
      check: job.check,
      remaining: () => asking.clock.remaining(),
      emit: tools.emit,
      signal: asking.signal,
    })
    if (!tried.judgement || judgement.passed || judgement.far > tried.judgement.far)
      Object.assign(tried, { program, judgement })
    if (judgement.passed || reading === readings) break
    program = (await taken.next()).value ?? undefined
  }
  await folder.judged(asked, answer, tried, job.language)
}

const startOf = ({ sampling: { temperature }, ...asked }: Asked) => ({ ...asked, temperature })

/** The readings of an answer that compile, looked for only as far as they are wanted; a piece of one of them is none. */
async function* takenByCompiler(
  programs: string[],
  job: Assignment,
  signal: AbortSignal,
): AsyncGenerator<string, void> {
  const wholes: string[] = []
  const name = `.vitrine/reading.${languages[job.language].extension}`
  for (const program of programs) {
    if (wholes.some((whole) => isExcerpt(program, whole, job.language))) continue
    await saveProgram(name, program)
    const taken = await compiles(`${output}/${name}`, job.language, signal)
    await removeProgram(name)
    if (!taken) continue
    wholes.push(program)
    yield program
  }
}
