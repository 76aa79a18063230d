import { mkdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { AgentEvent } from '@vitrine/contract/event.ts'
import type { Check, CheckResult, Language } from '@vitrine/contract/job.ts'
import { windows } from '../desktop/desktop.ts'
import { languages } from '../languages.ts'
import { output, scratch } from '../places.ts'
import { listens } from '../processes.ts'
import { runProgram, type Ended, type RunOptions } from './run-program.ts'

const compileSeconds = 15
const runSeconds = 30
const testSeconds = 60
/** A program with a window or a server has shown that it works when it still runs after this. */
const servingSeconds = 3
const shownOutput = 4096

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

function result(check: CheckResult['check'], ended: Ended): CheckResult {
  const serving = ended.how === 'left running'
  const message = serving
    ? 'It shows a window or serves a port, and was still running without an error.'
    : trouble(ended)
  return {
    check,
    passed: serving || (ended.how === 'exited' && ended.exitCode === 0),
    exitCode: ended.exitCode,
    timedOut: ended.how === 'timed out',
    seconds: ended.seconds,
    output: lastBytes(ended.all, shownOutput),
    ...(message && { message }),
  }
}

function trouble({ how, exitCode, signal, seconds, lacked }: Ended): string | undefined {
  if (how === 'exited' && exitCode === 0) return undefined
  if (lacked !== null) return `It needed more ${lacked} than the sandbox has.`
  if (how === 'timed out') return `It did not end within ${Math.round(seconds)} s.`
  if (how === 'printed too much') return 'It printed more than 32 MiB.'
  return signal ? `It was ended by ${signal}.` : `It ended with exit code ${exitCode}.`
}

/** The end of a traceback says what is wrong; models lose the thread in more. */
function complain(what: string, ended: Ended): string {
  const text = ended.all.trimEnd()
  const shown = text.length > 1200 ? `…${text.slice(-1200)}` : text
  return [`${what}. ${trouble(ended) ?? ''}`.trim(), ...(shown === '' ? [] : [shown])].join('\n')
}

function compare(
  { stdout, whitespace }: { stdout: string; whitespace: 'exact' | 'normalized' },
  printed: string,
): string {
  const normal = (text: string) =>
    text
      .split('\n')
      .map((line) => line.trim().replace(/\s+/g, ' '))
      .join('\n')
      .trim()
  const fold = whitespace === 'exact' ? (text: string) => text : normal
  if (fold(stdout) === fold(printed)) return ''
  const clip = (text: string) => (text.length > 600 ? `${text.slice(0, 600)}…` : text)
  return `It should print (${whitespace === 'exact' ? 'exactly' : 'apart from blanks'}):\n${clip(stdout)}\nBut it printed:\n${clip(printed)}`
}

/** Runs a pytest file. Its report must be there too: a program that leaves early ends pytest with exit code 0. */
async function runTests(path: string, tests: string, options: RunOptions): Promise<Ended> {
  const folder = `${scratch}/tests`
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  await writeFile(`${folder}/test_program.py`, tests)
  await symlink(path, `${folder}/program${basename(path).endsWith('.py') ? '.py' : ''}`)
  const report = `${folder}/report.xml`
  const ended = await runProgram(
    [
      'python3',
      '-m',
      'pytest',
      '-q',
      '--no-header',
      '-p',
      'no:cacheprovider',
      `--junitxml=${report}`,
      `${folder}/test_program.py`,
    ],
    { ...options, env: { PYTHONPATH: folder, PROGRAM: path }, cwd: output },
  )
  const reported = await stat(report).catch(() => undefined)
  if (reported || ended.exitCode !== 0) return ended
  return { ...ended, exitCode: 1, all: `${ended.all}\nThe program ended pytest before it could report.` }
}

function notStarted(signal: AbortSignal): (error: unknown) => Ended {
  return (error) => {
    signal.throwIfAborted()
    const ended = { how: 'exited', exitCode: 127, signal: null, seconds: 0, lacked: null } as const
    return { ...ended, stdout: '', all: String(error) }
  }
}

function lastBytes(text: string, most: number): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= most) return text
  // A cut character at the beginning decodes to one replacement character of three bytes.
  return bytes
    .subarray(bytes.length - most + 3)
    .toString('utf8')
    .replace(/^\ufffd+/, '')
}
