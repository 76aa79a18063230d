import type { Reason, Verdict } from '@vitrine/contract/job.ts'
import type { Assignment } from '@vitrine/contract/link.ts'
import { agreeing, isSettled, printedBy } from './agreement.ts'
import { patiently, waitingTold, type Asking } from './ask.ts'
import { answerTokens, tryCandidate, type Tools } from './candidate.ts'
import type { Plan, Tried } from './tried.ts'
import type { Judgement } from '../checks/judge.ts'
import { most } from '../checks/shortages.ts'
import { ModelError, showModel, type ModelFacts } from '../model-server.ts'
import { stylesFor, wishText, type StyleName } from './prompts.ts'
import { isPlayedOut, planAgain, unaskedModel } from './repeat.ts'
import { fits } from './sampling.ts'
import { TimeLimit, WorkClock } from './work-clock.ts'

/** The place in the row where a model that can think is let to think. */
const thinkingPlace = 4

/** What came of a job. `program` is the best candidate's, saved under `verdict.program`. */
export type Solution = {
  verdict: Verdict
  reason: Reason | null
  run: Judgement['run']
  lastAnswer: string | undefined
}

/**
 * The whole policy: ask, extract, check; once repair what failed; then ask afresh, warmer and in other styles, until a
 * candidate passes or the budget is spent; without a check, until two print the same. The best candidate stays. Throws
 * only when `signal` aborts.
 */
export async function solve(job: Assignment, tools: Tools, signal: AbortSignal): Promise<Solution> {
  using clock = new WorkClock(job.limits.seconds)
  const asking: Asking = {
    ...tools,
    clock,
    waits: waitingTold(tools.emit),
    signal: AbortSignal.any([signal, clock.signal]),
  }
  const row: Tried[] = []
  try {
    tools.emit({ type: 'job.phase', data: { phase: 'generating' } })
    const { repetition } = tools
    const facts =
      repetition?.how === 'replay'
        ? unaskedModel
        : await patiently(() => showModel(tools.address, job.model, asking.signal), asking)
    const order = stylesFor(facts, job.model)
    if (!fits(facts, wishText(tools.wish), answerTokens)) {
      const message = `The task may be longer than what ${job.model} can read (${facts.contextLength} tokens).`
      tools.emit({ type: 'log', data: { level: 'warning', message } })
    }
    while (row.length < job.limits.candidates && !isEnough(row, job) && !isPlayedOut(repetition, row)) {
      const plan = planAgain(repetition, row) ?? nextPlan(row, order, facts)
      const tried: Tried = { ...plan, program: undefined, answer: '', cut: false, judgement: undefined }
      row.push(tried)
      await tryCandidate(tried, job, { facts, tools, asking, mayBeLonger: !row.some(({ cut }) => cut) })
    }
    return await conclude(row, job, tools, null)
  } catch (error) {
    signal.throwIfAborted()
    return await conclude(row, job, tools, reasonOf(error, job))
  }
}

function isEnough(row: Tried[], job: Assignment): boolean {
  return job.check === null ? isSettled(row) : row.at(-1)?.judgement?.passed === true
}

/** What to try next, from what was tried. */
function nextPlan(row: Tried[], order: StyleName[], facts: ModelFacts): Plan {
  const number = row.length + 1
  const last = row.at(-1)
  const first = order[0] ?? 'chat'
  if (!last) return { number, kind: 'first', style: first, thinks: false, failure: undefined }
  if (last.kind === 'first' && last.program && last.judgement && !last.judgement.passed) {
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

/** How good a candidate is: passed, ran, compiled, a program at all. */
function rank({ program, judgement }: Tried): number {
  if (program === undefined) return -1
  return judgement ? (judgement.passed ? 3 : judgement.far) : 0
}

/** Among those that passed: the one that most others agree with, one that prints anything before one that does not. */
function preference(tried: Tried, row: Tried[]): number {
  return agreeing(tried, row) + (printedBy(tried) === '' ? 0 : 0.5)
}

/** Saves the best candidate as the program and makes the verdict. */
async function conclude(
  row: Tried[],
  job: Assignment,
  tools: Tools,
  broke: Reason | null,
): Promise<Solution> {
  const best = row.toSorted((a, b) => rank(b) - rank(a) || preference(b, row) - preference(a, row))[0]
  const passed = best?.judgement?.passed === true
  const others = best && job.check === null ? agreeing(best, row) : 0
  if (others > 0) {
    const message = `There is no check, but ${others + 1} of ${row.length} candidates print the same.`
    tools.emit({ type: 'log', data: { level: 'info', message } })
  }
  // What worked before a change that did not work out stays.
  const saved = passed ? best.program : (tools.wish.change?.program ?? best?.program)
  if (saved !== undefined) await tools.program.save(saved)
  const verdict: Verdict = {
    outcome: passed ? (job.check ? 'passed' : 'ran') : 'failed',
    program: saved === undefined ? null : tools.program.name,
    candidate: best !== undefined && saved !== undefined && saved === best.program ? best.number : null,
    candidates: row.length,
    checks: best?.judgement?.checks ?? [],
  }
  const reason = passed ? null : (broke ?? failureOf(row, best, job))
  const run = saved === best?.program ? best?.judgement?.run : undefined
  return { verdict, reason, run, lastAnswer: row.at(-1)?.answer }
}

function failureOf(row: Tried[], best: Tried | undefined, job: Assignment): Reason {
  if (best?.program === undefined)
    return { code: 'no_program', message: `${row.length} of ${row.length} answers held no program.` }
  const lacked = best.judgement?.lacked
  if (lacked) {
    const message = `The program needed more than the ${most(lacked, job.limits.memoryMiB)} of its sandbox.`
    return { code: 'out_of_memory', message }
  }
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
