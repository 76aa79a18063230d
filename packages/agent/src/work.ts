import type { ChildProcess } from 'node:child_process'
import type { AgentEvent } from '@vitrine/contract/event.ts'
import type { Assignment } from '@vitrine/contract/link.ts'
import { fileName } from './filename.ts'
import { languages } from './languages.ts'
import type { ModelAddress } from './model-server.ts'
import { output } from './places.ts'
import { solve, type Solution } from './policy.ts'
import { openStory, openWork, type Shown } from './windows.ts'

export type Workplace = { address: ModelAddress; emit: (event: AgentEvent) => void; signal: AbortSignal }

/**
 * Does what a sandbox was handed: works on the task, opens the programs and tells the verdict; or only shows the files of
 * a job that ended before. Without a verdict where `signal` aborts.
 */
export async function work(job: Assignment, { address, emit, signal }: Workplace): Promise<void> {
  if (job.mode === 'show') {
    await openWork(job.program === null ? undefined : `${output}/${job.program}`, undefined, undefined, emit)
    return
  }
  const story = await openStory()
  const { extension } = languages[job.language]
  const solution = await canceled(
    solve(job, { address, emit, programName: fileName(job.task, extension) }, signal),
    signal,
  )
  if (!solution) return
  emit({ type: 'job.phase', data: { phase: 'opening' } })
  await openSolution(job, solution, story, emit)
  emit({ type: 'verdict', data: { verdict: solution.verdict, reason: solution.reason } })
}

async function openSolution(
  job: Assignment,
  { verdict, run, lastAnswer }: Solution,
  story: ChildProcess,
  emit: (event: AgentEvent) => void,
): Promise<void> {
  if (verdict.program === null) {
    const file = lastAnswer ? `${output}/.vitrine/candidate-${verdict.candidates}/answer.txt` : undefined
    await openWork(file, undefined, story, emit)
    return
  }
  const endless = run?.how === 'left running'
  const shown: Shown = {
    command: languages[job.language].run(verdict.program),
    printed: endless ? null : (run?.all ?? ''),
  }
  await openWork(`${output}/${verdict.program}`, shown, story, emit)
}

/** Undefined where the work was canceled. */
async function canceled<T>(working: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  try {
    return await working
  } catch (error) {
    if (signal.aborted) return undefined
    throw error
  }
}
