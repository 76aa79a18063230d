import type { AgentEvent } from '@vitrine/contract/event.ts'
import type { Assignment } from '@vitrine/contract/link.ts'
import { fileName } from './files/filename.ts'
import { languages } from './languages.ts'
import { wishOf } from './policy/follow-up.ts'
import { candidateFolder } from './policy/keep.ts'
import { listModels, type ModelAddress } from './model-server.ts'
import { output } from './places.ts'
import { solve, type Solution } from './policy/policy.ts'
import { ProgramFile } from './files/program-file.ts'
import { keepAccount, readAccount, type Account, type Ended } from './policy/provenance.ts'
import { readRepetition } from './policy/repeat.ts'
import type { Stage } from './desktop/stage.ts'

const digestMilliseconds = 5000

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
    await stage.work(job.program === null ? undefined : `${output}/${job.program}`, undefined, () => {})
    return
  }
  const began = new Date()
  const account = await readAccount()
  for (const { outputs } of account.runs) for (const { sha256 } of outputs) known.add(sha256)
  const program = new ProgramFile(fileName(job.task, languages[job.language].extension), known, emit)
  const wish = await wishOf(job, { program, stage, emit })
  const repetition = job.repeat ? await readRepetition(job.repeat) : undefined
  const solving = unlessCanceled(solve(job, { address, emit, program, wish, repetition }, signal), signal)
  const [solution] = await Promise.all([solving, stage.story()])
  if (!solution) {
    if (wish.change) await program.save(wish.change.program)
    const canceled = { code: 'canceled', message: 'Canceled on request.' } as const
    await tellWhence(account, job, { began, modelDigest: null, verdict: null, reason: canceled }, emit)
    return
  }
  emit({ type: 'job.phase', data: { phase: 'opening' } })
  const [modelDigest] = await Promise.all([
    digestOf(job, account, address),
    show(job, solution, stage, (program) => emit({ type: 'desktop.window', data: { program } })),
  ])
  const { verdict, reason } = solution
  await tellWhence(account, job, { began, modelDigest, verdict, reason }, emit)
  emit({ type: 'verdict', data: { verdict, reason } })
}

/** The model's digest, of the run that is repeated where no model was called; null where nobody can tell. */
async function digestOf(
  { model, repeat }: Assignment,
  { runs }: Account,
  address: ModelAddress,
): Promise<string | null> {
  if (repeat?.how === 'replay') return runs.find(({ run }) => run === repeat.run)?.model.digest ?? null
  const models = await listModels(address, AbortSignal.timeout(digestMilliseconds)).catch(() => [])
  const found = models.find(({ name }) => name === model || name === `${model}:latest`)
  return found?.digest || null
}

/** A full disk takes nothing from what the program has shown. */
async function tellWhence(
  account: Account,
  job: Assignment,
  ended: Ended,
  emit: Workplace['emit'],
): Promise<void> {
  await keepAccount(account, job, ended).catch((error: unknown) => {
    const message = `Where the files came from could not be written down: ${String(error)}`
    emit({ type: 'log', data: { level: 'warning', message } })
  })
}

/** The best program and what it printed; where there is none, what the model said last. */
function show(
  job: Assignment,
  { verdict, run, lastAnswer }: Solution,
  stage: Stage,
  opened: (program: string) => void,
): Promise<void> {
  if (verdict.program === null) {
    const answer = `${output}/${candidateFolder(job.run, verdict.candidates)}/answer.txt`
    return stage.work(lastAnswer ? answer : undefined, undefined, opened)
  }
  const path = `${output}/${verdict.program}`
  // A change that did not work out was taken back: what it printed is not what is there.
  if (job.followUp !== null && verdict.outcome === 'failed') return stage.work(path, undefined, opened)
  const printed = run ? run.all : (verdict.checks.at(-1)?.output ?? '')
  const shown = {
    command: languages[job.language].run(verdict.program),
    printed: run?.how === 'left running' ? null : printed,
  }
  return stage.work(path, shown, opened)
}

async function unlessCanceled<T>(working: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  try {
    return await working
  } catch (error) {
    if (signal.aborted) return undefined
    throw error
  }
}
