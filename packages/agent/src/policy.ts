import { randomInt } from 'node:crypto'
import type { AgentEvent } from '@vitrine/contract/event.ts'
import type { Reason, Verdict } from '@vitrine/contract/job.ts'
import type { Assignment } from '@vitrine/contract/link.ts'
import { ask, patiently, type Answer, type Asking } from './ask.ts'
import { extractPrograms } from './extract.ts'
import { compiles, judge, type Judgement } from './judge.ts'
import { keepCandidate, removeProgram, saveProgram } from './keep.ts'
import { languages } from './languages.ts'
import { ModelError, showModel, type Generation, type ModelAddress, type ModelFacts } from './model-server.ts'
import { styles, stylesFor, type Failure, type StyleName } from './prompts.ts'
import { contextFor, samplingFor } from './sampling.ts'
import { TimeLimit, WorkClock } from './work-clock.ts'

const answerTokens = 2048
/** How many readings of one answer are run. */
const readings = 3
/** The place in the row where a model that can think is let to think. */
const thinkingPlace = 4

/** One candidate: how the model was asked, the program that came, and what the checks found. */
type Tried = Plan & { program: string | undefined; answer: string; judgement: Judgement | undefined }

type Plan = {
  number: number
  kind: 'first' | 'repair' | 'fresh'
  style: StyleName
  thinks: boolean
  failure: Failure | undefined
}

/** What came of a job. `program` is the best candidate's, saved under `verdict.program`. */
export type Solution = {
  verdict: Verdict
  reason: Reason | null
  run: Judgement['run']
  lastAnswer: string | undefined
}

export type Tools = { address: ModelAddress; emit: (event: AgentEvent) => void; programName: string }

/**
 * The whole policy: ask, extract, check; once repair what failed; then ask afresh, warmer and in other styles, until a
 * candidate passes or the budget is spent. The best candidate stays. Throws only when `signal` aborts.
 */
export async function solve(job: Assignment, tools: Tools, signal: AbortSignal): Promise<Solution> {
  using clock = new WorkClock(job.limits.seconds)
  const asking: Asking = { ...tools, clock, signal: AbortSignal.any([signal, clock.signal]) }
  const row: Tried[] = []
  try {
    tools.emit({ type: 'job.phase', data: { phase: 'generating' } })
    const facts = await patiently(() => showModel(tools.address, job.model, asking.signal), asking)
    const order = stylesFor(facts, job.model)
    while (row.length < job.limits.candidates && !row.at(-1)?.judgement?.passed) {
      const tried: Tried = {
        ...nextPlan(row, order, facts),
        program: undefined,
        answer: '',
        judgement: undefined,
      }
      row.push(tried)
      await tryCandidate(tried, job, facts, tools, asking)
    }
    return await conclude(row, job, tools, null)
  } catch (error) {
    signal.throwIfAborted()
    return await conclude(row, job, tools, reasonOf(error, job))
  }
}

/** What to try next, from what was tried. */
function nextPlan(row: Tried[], order: StyleName[], facts: ModelFacts): Plan {
  const number = row.length + 1
  const last = row.at(-1)
  const first = order[0] ?? 'chat'
  if (!last) return { number, kind: 'first', style: first, thinks: false, failure: undefined }
  if (last.kind === 'first' && last.program && last.judgement) {
    const failure = { program: last.program, complaint: last.judgement.complaint }
    return { number, kind: 'repair', style: last.style, thinks: false, failure }
  }
  if (number === thinkingPlace && facts.capabilities.includes('thinking'))
    return { number, kind: 'fresh', style: 'chat', thinks: true, failure: undefined }
  return { number, kind: 'fresh', style: freshStyle(row, order), thinks: false, failure: undefined }
}

/** A style that was not tried yet, else the one whose programs came farthest; every third time the other one. */
function freshStyle(row: Tried[], order: StyleName[]): StyleName {
  const untried = order.find((style) => !row.some((tried) => tried.style === style))
  if (untried) return untried
  const far = (style: StyleName) => Math.max(...row.filter((tried) => tried.style === style).map(rank))
  const ranked = order.toSorted((a, b) => far(b) - far(a))
  return (row.length % 3 === 0 ? ranked.at(-1) : ranked[0]) ?? 'chat'
}

async function tryCandidate(tried: Tried, job: Assignment, facts: ModelFacts, tools: Tools, asking: Asking) {
  const { number: candidate, kind, style, thinks } = tried
  const path = `/output/${tools.programName}`
  const sampling = samplingFor(facts, job.model, kind, thinks)
  const seed = randomInt(2 ** 31)
  const started = { candidate, style, kind, model: job.model, temperature: sampling.temperature, seed }
  tools.emit({ type: 'job.phase', data: { phase: kind === 'repair' ? 'repairing' : 'generating' } })
  tools.emit({ type: 'candidate.started', data: started })

  const { path: endpoint, body } = styles[style].prompt(job.task, job.language, tried.failure)
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
        num_ctx: contextFor(facts, job.task, 2 * answerTokens),
        num_predict: thinks ? 2 * tokens : tokens,
      },
    },
  })
  const answer = await askWithRoom(candidate, generation, asking)
  const told = styles[style].begun(job.language) + answer.text
  tried.answer = answer.text
  const programs = await takenByCompiler(extractPrograms(told, job.language), job, tools, asking.signal)
  tried.program = programs[0]
  const { tokensIn, tokensOut, seconds, doneReason } = answer
  const program = tried.program ?? null
  tools.emit({
    type: 'candidate.finished',
    data: { candidate, tokensIn, tokensOut, seconds, doneReason, program },
  })

  tools.emit({ type: 'job.phase', data: { phase: 'checking' } })
  for (const program of programs.slice(0, readings)) {
    const bytes = await saveProgram(tools.programName, program)
    tools.emit({ type: 'file.saved', data: { path: tools.programName, bytes } })
    const judgement = await judge(path, {
      candidate,
      language: job.language,
      check: job.check,
      remaining: () => asking.clock.remaining(),
      emit: tools.emit,
      signal: asking.signal,
    })
    if (!tried.judgement || judgement.passed || judgement.far > tried.judgement.far)
      Object.assign(tried, { program, judgement })
    if (judgement.passed) break
  }
  await keepCandidate(started, generation(answerTokens), answer, tried.program, tried.judgement, job.language)
}

/** Asks; an answer that was cut off, or all thought away, is asked for once more with twice the room. */
async function askWithRoom(
  candidate: number,
  generation: (tokens: number) => Generation,
  asking: Asking,
): Promise<Answer> {
  const answer = await ask(candidate, generation(answerTokens), asking)
  if (answer.doneReason !== 'length') return answer
  const message = 'The answer was longer than its room; the model is asked once more with twice as much.'
  asking.emit({ type: 'log', data: { level: 'info', message } })
  return ask(candidate, generation(2 * answerTokens), asking)
}

/** The readings that compile, or the most plausible one where none does, so that it can be repaired. */
async function takenByCompiler(programs: string[], job: Assignment, tools: Tools, signal: AbortSignal) {
  const name = `.vitrine/reading.${languages[job.language].extension}`
  const taken: string[] = []
  for (const program of programs) {
    await saveProgram(name, program)
    if (await compiles(`/output/${name}`, job.language, signal)) taken.push(program)
    if (taken.length === readings) break
  }
  await removeProgram(name)
  return taken.length > 0 ? taken : programs.slice(0, 1)
}

/** How good a candidate is: passed, ran, compiled, a program at all. */
function rank({ program, judgement }: Tried): number {
  if (program === undefined) return -1
  return judgement ? (judgement.passed ? 3 : judgement.far) : 0
}

/** Saves the best candidate as the program and makes the verdict. */
async function conclude(
  row: Tried[],
  job: Assignment,
  tools: Tools,
  broke: Reason | null,
): Promise<Solution> {
  const best = row.toSorted((a, b) => rank(b) - rank(a))[0]
  const passed = best?.judgement?.passed === true
  if (best?.program !== undefined && best !== row.findLast(({ program }) => program !== undefined)) {
    const bytes = await saveProgram(tools.programName, best.program)
    tools.emit({ type: 'file.saved', data: { path: tools.programName, bytes } })
  }
  const verdict: Verdict = {
    outcome: passed ? (job.check ? 'passed' : 'ran') : 'failed',
    program: best?.program === undefined ? null : tools.programName,
    candidates: row.length,
    checks: best?.judgement?.checks ?? [],
  }
  const reason = passed ? null : (broke ?? failureOf(row, best))
  return { verdict, reason, run: best?.judgement?.run, lastAnswer: row.at(-1)?.answer }
}

function failureOf(row: Tried[], best: Tried | undefined): Reason {
  const tries = row.length === 1 ? 'The answer' : `None of ${row.length} answers`
  if (best?.program === undefined)
    return { code: 'no_program', message: `${tries} held ${row.length === 1 ? 'no' : 'a'} program.` }
  const failed = best.judgement?.checks.findLast(({ passed }) => !passed)
  const why = failed
    ? ` The best one failed at “${failed.check}”: ${firstLine(failed.message ?? failed.output)}`
    : ''
  return { code: 'check_failed', message: `${row.length} of ${row.length} candidates failed.${why}` }
}

function reasonOf(error: unknown, job: Assignment): Reason {
  if (error instanceof TimeLimit)
    return { code: 'time_limit', message: `The work took longer than ${job.limits.seconds} s.` }
  if (error instanceof ModelError)
    return { code: error.code, message: `Model ${job.model}: ${error.message}.` }
  const message = error instanceof Error ? error.message : String(error)
  return { code: 'agent_error', message: `The agent failed: ${message}` }
}

const firstLine = (text: string) => text.trim().split('\n', 1)[0]?.slice(0, 300) ?? ''
