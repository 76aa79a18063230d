import type { AgentEvent } from '@vitrine/contract/event.ts'
import type { Assignment } from '@vitrine/contract/link.ts'
import { fileName } from './filename.ts'
import { languages } from './languages.ts'
import type { ModelAddress } from './model-server.ts'
import { output } from './places.ts'
import { solve, type Solution } from './policy.ts'
import type { Stage } from './stage.ts'

export type Workplace = {
  address: ModelAddress
  stage: Stage
  emit: (event: AgentEvent) => void
  signal: AbortSignal
}

/**
 * Does what a sandbox was handed: works on the task, opens the programs and tells the verdict; or only shows the files of
 * a job that ended before. Without a verdict where `signal` aborts.
 */
export async function work(job: Assignment, { address, stage, emit, signal }: Workplace): Promise<void> {
  if (job.mode === 'show') {
    await stage.work(job.program === null ? undefined : `${output}/${job.program}`, undefined)
    return
  }
  const programName = fileName(job.task, languages[job.language].extension)
  const solving = unlessCanceled(solve(job, { address, emit, programName }, signal), signal)
  const [solution] = await Promise.all([solving, stage.story()])
  if (!solution) return
  emit({ type: 'job.phase', data: { phase: 'opening' } })
  for (const program of await show(job, solution, stage)) emit({ type: 'desktop.window', data: { program } })
  emit({ type: 'verdict', data: { verdict: solution.verdict, reason: solution.reason } })
}

/** The best program and what it printed; where there is none, what the model said last. */
function show(job: Assignment, { verdict, run, lastAnswer }: Solution, stage: Stage): Promise<string[]> {
  if (verdict.program === null) {
    const answer = `${output}/.vitrine/candidate-${verdict.candidates}/answer.txt`
    return stage.work(lastAnswer ? answer : undefined, undefined)
  }
  const printed = run ? run.all : (verdict.checks.at(-1)?.output ?? '')
  return stage.work(`${output}/${verdict.program}`, {
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
