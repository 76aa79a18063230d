import type { AgentEvent } from '@vitrine/contract/event.ts'
import type { Assignment } from '@vitrine/contract/link.ts'
import { fileName } from './filename.ts'
import { languages } from './languages.ts'
import type { ModelAddress } from './model-server.ts'
import { output } from './places.ts'
import { solve, type Solution } from './policy.ts'
import { ProgramFile } from './program-file.ts'
import { wishOf } from './follow-up.ts'
import type { Stage } from './stage.ts'

export type Workplace = {
  address: ModelAddress
  stage: Stage
  /** Hashes of the programs that were written or kept in this sandbox, in whatever run. */
  known: Set<string>
  emit: (event: AgentEvent) => void
  signal: AbortSignal
}

/**
 * Does what a sandbox was handed: works on the task or on a follow-up, opens the programs and tells the verdict; or only
 * shows the files of a job that ended before. Without a verdict where `signal` aborts.
 */
export async function work(
  job: Assignment,
  { address, stage, known, emit, signal }: Workplace,
): Promise<void> {
  if (job.mode === 'show') {
    await stage.work(job.program === null ? undefined : `${output}/${job.program}`, undefined)
    return
  }
  const program = new ProgramFile(fileName(job.task, languages[job.language].extension), known, emit)
  const wish = await wishOf(job, { program, stage, emit })
  const solving = unlessCanceled(solve(job, { address, emit, program, wish }, signal), signal)
  const [solution] = await Promise.all([solving, stage.story()])
  if (!solution) {
    if (wish.change) await program.save(wish.change.program)
    return
  }
  emit({ type: 'job.phase', data: { phase: 'opening' } })
  for (const program of await show(job, solution, stage)) emit({ type: 'desktop.window', data: { program } })
  emit({ type: 'verdict', data: { verdict: solution.verdict, reason: solution.reason } })
}

/** The best program and what it printed; where there is none, what the model said last. */
function show(job: Assignment, { verdict, run, lastAnswer }: Solution, stage: Stage): Promise<string[]> {
  if (verdict.program === null) {
    const answer = `${output}/.vitrine/run-${job.run}/candidate-${verdict.candidates}/answer.txt`
    return stage.work(lastAnswer ? answer : undefined, undefined)
  }
  const path = `${output}/${verdict.program}`
  // A change that did not work out was taken back: what it printed is not what is there.
  if (job.followUp !== null && verdict.outcome === 'failed') return stage.work(path, undefined)
  const printed = run ? run.all : (verdict.checks.at(-1)?.output ?? '')
  return stage.work(path, {
    command: languages[job.language].run(verdict.program),
    printed: run?.how === 'left running' ? null : printed,
  })
}

async function unlessCanceled<T>(working: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  try {
    return await working
  } catch (error) {
    if (signal.aborted) return undefined
    throw error
  }
}
