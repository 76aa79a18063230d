import type { AgentEvent } from '@vitrine/contract/event.ts'
import type { Check, CheckResult, Language } from '@vitrine/contract/job.ts'
import { windows } from '../desktop/desktop.ts'
import { languages } from '../languages.ts'
import { listens } from '../processes.ts'
import { compare } from './compare.ts'
import { runTests } from './pytest.ts'
import { complain, result } from './result.ts'
import { runProgram, type Ended, type RunOptions } from './run-program.ts'

const compileSeconds = 15
const runSeconds = 30
const testSeconds = 60
/** A program with a window or a server has shown that it works when it still runs after this. */
const servingSeconds = 3

/** What the checks found. `far` counts how far the program came; `complaint` tells a model what is wrong with it. */
export type Judgement = {
  passed: boolean
  far: 0 | 1 | 2
  checks: CheckResult[]
  complaint: string
  /** What it failed for want of. */
  lacked: Ended['lacked']
  run: Ended | undefined
}

export type Judging = {
  candidate: number
  language: Language
  check: Check | null
  remaining: () => number
  emit: (event: AgentEvent) => void
  signal: AbortSignal
}

/** True where the language's compiler takes the program. */
export async function compiles(path: string, language: Language, signal: AbortSignal): Promise<boolean> {
  const ended = await runProgram(languages[language].compile(path), { seconds: compileSeconds, signal })
  return ended.exitCode === 0
}

/**
 * Checks a program that was saved under /output, the cheapest check first: it compiles, it runs, and the job's own check.
 * Tests and commands decide by themselves: a program that wants arguments may fail when it is run without any.
 */
export async function judge(path: string, judging: Judging): Promise<Judgement> {
  const { language, check } = judging
  const checks: CheckResult[] = []
  let run: Ended | undefined
  let lacked: Ended['lacked'] = null
  const begin = (name: CheckResult['check']) =>
    judging.emit({ type: 'check.started', data: { candidate: judging.candidate, check: name } })
  const add = (name: CheckResult['check'], ended: Ended, difference = '') => {
    const found = result(name, ended)
    const whole = difference === '' ? found : { ...found, passed: false, message: difference }
    judging.emit({ type: 'check.finished', data: { candidate: judging.candidate, result: whole } })
    checks.push(whole)
    if (!whole.passed) lacked ??= ended.lacked
    return whole.passed
  }
  const judged = (far: Judgement['far'], complaint: string): Judgement => ({
    passed: complaint === '',
    far,
    checks,
    complaint,
    lacked,
    run,
  })
  const seconds = (most: number) => Math.max(1, Math.min(most, judging.remaining()))
  const options = (most: number): RunOptions => ({ seconds: seconds(most), signal: judging.signal })

  begin('compiles')
  const compiled = await runProgram(languages[language].compile(path), options(compileSeconds))
  if (!add('compiles', compiled)) return judged(0, complain('It does not compile', compiled))

  begin('runs')
  const before = new Set((await windows()).map(({ id }) => id))
  // The agent's own programs open theirs meanwhile; each of those says whose it is.
  const showsWindow = async (pids: readonly number[]) =>
    (await windows()).some(({ id, pid }) => (pid === undefined ? !before.has(id) : pids.includes(pid)))
  const begun = performance.now()
  run = await runProgram(languages[language].run(path), {
    ...options(runSeconds),
    isServing: async (pids) =>
      performance.now() - begun > servingSeconds * 1000 && (listens(pids) || (await showsWindow(pids))),
  })
  const ran = add('runs', run)
  const failedRun = complain('Running it failed', run)
  if (check === null) return ran ? judged(2, '') : judged(1, failedRun)
  if ('stdout' in check) {
    if (!ran) return judged(1, failedRun)
    begin('stdout')
    const difference = compare(check, run.stdout)
    add('stdout', run, difference)
    return judged(2, difference)
  }
  const name = 'tests' in check ? 'tests' : 'command'
  begin(name)
  const ended =
    'tests' in check
      ? await runTests(path, check.tests, options(testSeconds))
      : await runProgram(
          check.command.map((word) => word.replaceAll('{program}', path)),
          options(testSeconds),
        ).catch(notStarted(judging.signal))
  const far = ran ? 2 : 1
  if (add(name, ended)) return judged(far, '')
  return judged(far, ran ? complain(`The ${name === 'tests' ? 'tests' : 'check'} failed`, ended) : failedRun)
}

function notStarted(signal: AbortSignal): (error: unknown) => Ended {
  return (error) => {
    signal.throwIfAborted()
    const ended = { how: 'exited', exitCode: 127, signal: null, seconds: 0, lacked: null } as const
    return { ...ended, stdout: '', all: String(error) }
  }
}
