import type { Solved, Solver } from '../../test/testbed/solver.ts'
import type { Ask, BenchModel, Sample } from './model.ts'
import { folded, type Oracle } from './oracle.ts'
import type { SolveTask } from './tasks.ts'

/** Sums over all tasks of one model. */
export type Tally = {
  model: string
  tasks: number
  isSimulated: boolean
  /** Solved with the task's output as the check. */
  raw: number
  extracted: number
  product: number
  oracle: number
  /** Of all jobs with a check. */
  candidates: number
  seconds: number
  /** The jobs without a check: right outputs of the first candidate that ran, of the first that printed anything, and of the chosen one. */
  firstRan: Choice
  firstPrinted: Choice
  chosen: Choice
  /** Jobs whose chosen candidate printed what another one printed. */
  agreed: number
  /** Of each job's first candidate, and of its later ones that were asked in the same style. */
  prompt: Record<'first' | 'later', { calls: number; tokens: number; seconds: number }>
}

export type Choice = { right: number; candidates: number; seconds: number }

export type Measuring = {
  tasks: readonly SolveTask[]
  model: BenchModel
  ask: Ask
  solver: Solver
  oracle: Oracle
  isSimulated: boolean
  progress: (line: string) => void
}

/** Solves each task twice, with its output as the check and without one, and judges all samples apart from the product. */
export async function measure(name: string, measuring: Measuring): Promise<Tally> {
  const none = (): Choice => ({ right: 0, candidates: 0, seconds: 0 })
  const prompts = () => ({ calls: 0, tokens: 0, seconds: 0 })
  const tally: Tally = {
    model: name,
    tasks: measuring.tasks.length,
    isSimulated: measuring.isSimulated,
    raw: 0,
    extracted: 0,
    product: 0,
    oracle: 0,
    candidates: 0,
    seconds: 0,
    agreed: 0,
    firstRan: none(),
    firstPrinted: none(),
    chosen: none(),
    prompt: { first: prompts(), later: prompts() },
  }
  const waiting = [...measuring.tasks]
  const worker = async () => {
    for (let task = waiting.shift(); task; task = waiting.shift())
      await measureTask(name, task, tally, measuring)
  }
  await Promise.all([worker(), worker()])
  return tally
}

async function measureTask(name: string, task: SolveTask, tally: Tally, measuring: Measuring): Promise<void> {
  const { model, ask, solver, oracle } = measuring
  const job = { task: task.task, language: task.language, model: name }

  model.begin(task.task)
  const plain = { model: name, prompt: task.task, options: { num_predict: 256, num_ctx: 8192 } }
  const raw = await ask({ path: '/api/generate', body: plain, task: task.task, nth: 1 })
  const checked = await solver.solve({ ...job, check: { stdout: task.stdout, whitespace: 'normalized' } })
  const samples = model.samples(task.task)
  const isSolved = checked.verdict.outcome === 'passed'
  const isRaw = await oracle.isRight(raw.text, task)
  const known = samples.some(({ isRight }) => isRight)
  const isPossible =
    isSolved ||
    known ||
    (!measuring.isSimulated && (await anyOf(samples, ({ text }) => oracle.holdsRight(text, task))))
  const isFirst = passedAt(checked, 1)
  tally.raw += Number(isRaw)
  tally.extracted += Number(isFirst)
  tally.product += Number(isSolved)
  tally.oracle += Number(isPossible)
  tally.candidates += checked.verdict.candidates
  tally.seconds += seconds(samples)
  countPrompts(tally, samples)

  model.begin(task.task)
  const free = await solver.solve({ ...job, check: null })
  countChoice(tally, free, model.samples(task.task), task)
  const marks = [isRaw, isFirst, isSolved, isPossible].map((mark) => (mark ? '+' : '.')).join('')
  measuring.progress(`${marks} ${checked.verdict.candidates} ${task.task}`)
}

function countChoice(tally: Tally, solved: Solved, samples: readonly Sample[], task: SolveTask): void {
  const outputs = solved.events.flatMap((event) =>
    event.type === 'check.finished' && event.data.result.check === 'runs' && event.data.result.passed
      ? [{ candidate: event.data.candidate, printed: event.data.result.output }]
      : [],
  )
  const right = (printed: string | null | undefined) => Number(folded(printed ?? '') === folded(task.stdout))
  const choose = (sum: Choice, one: (typeof outputs)[number] | undefined, until: number) =>
    add(sum, {
      right: one ? right(one.printed) : 0,
      candidates: until,
      seconds: seconds(samples.slice(0, until)),
    })
  const [first] = outputs
  const spoke = outputs.find(({ printed }) => printed.trim() !== '')
  const all = solved.verdict.candidates
  choose(tally.firstRan, first, first?.candidate ?? all)
  choose(tally.firstPrinted, spoke ?? first, spoke?.candidate ?? all)
  const ran = solved.verdict.outcome === 'ran'
  add(tally.chosen, {
    right: ran ? right(solved.stdout) : 0,
    candidates: all,
    seconds: seconds(samples),
  })
  const same = outputs.filter(({ printed }) => folded(printed) === folded(solved.stdout ?? ''))
  tally.agreed += Number(ran && new Set(same.map(({ candidate }) => candidate)).size > 1)
}

/** The prompts of a job's first style: their beginning is what a model server can keep. */
function countPrompts({ prompt }: Tally, samples: readonly Sample[]): void {
  for (const [index, { tokensIn, promptSeconds }] of samples.entries()) {
    const place = prompt[index === 0 ? 'first' : 'later']
    place.calls += 1
    place.tokens += tokensIn
    place.seconds += promptSeconds
  }
}

const passedAt = ({ events }: Solved, candidate: number) =>
  events.some(
    (event) =>
      event.type === 'check.finished' &&
      event.data.candidate === candidate &&
      event.data.result.check === 'stdout' &&
      event.data.result.passed,
  )

async function anyOf<T>(list: readonly T[], test: (one: T) => Promise<boolean>): Promise<boolean> {
  for (const one of list) if (await test(one)) return true
  return false
}

function add(sum: Choice, part: Choice): void {
  sum.right += part.right
  sum.candidates += part.candidates
  sum.seconds += part.seconds
}

const seconds = (samples: readonly Sample[]) => samples.reduce((sum, { seconds }) => sum + seconds, 0)
