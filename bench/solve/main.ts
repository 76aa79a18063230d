/**
 * How many simple tasks the product solves, beside one raw sample, one extracted sample, and an oracle that knows which of the
 * product's own samples was right; and without a check, what agreement brings. On real and on simulated models.
 *
 *     npm run bench:solve [-- --quick | --simulated | --real] [-- --ollama <url> --model <name>] [-- --threads <n>]
 *
 * Without `--ollama`, a model that the benchmark does not bring is asked of the one at OLLAMA_HOST or localhost:11434.
 * Samples of real models are kept in ~/.cache/vitrine/solve, so that a second run takes minutes.
 */
import { homedir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { GEMMA, SMOLLM } from '../../packages/engine/src/models.ts'
import { startOllama } from '../../test/testbed/ollama.ts'
import { startSolver } from '../../test/testbed/solver.ts'
import type { ScriptedModel } from '../../test/testbed/scripted-ollama.ts'
import { cleanUp } from '../clean-up.ts'
import { setUp } from '../set-up.ts'
import { measure, type Tally } from './measure.ts'
import { startBenchModel, type Ask } from './model.ts'
import { startOracle } from './oracle.ts'
import { cachedSamples, showModel } from './samples.ts'
import { simulatedSamples } from './simulated.ts'
import { printTallies } from './table.ts'
import { solveTasks } from './tasks.ts'

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    simulated: { type: 'boolean', default: false },
    real: { type: 'boolean', default: false },
    ollama: { type: 'string' },
    model: { type: 'string', multiple: true },
    threads: { type: 'string' },
  },
})
const tasks = flags.quick ? solveTasks.filter((_, index) => index % 4 === 0).slice(0, 10) : solveTasks
const cache = join(process.env['VITRINE_CACHE_DIR'] ?? join(homedir(), '.cache/vitrine'), 'solve')
const skills = flags.quick ? [0.2] : [0.05, 0.2, 0.5, 1]
const template = '{{ .Messages }}'

await setUp()
await using open = new AsyncDisposableStack()
cleanUp(() => open.disposeAsync())
const oracle = open.use(await startOracle())
const tallies: Tally[] = []
for (const skill of flags.real ? [] : skills) {
  const name = `simulated-${skill}`
  await run({ name, template, capabilities: ['completion'] }, simulatedSamples(skill, solveTasks), true)
}
if (!flags.simulated) await runReal()
console.log(
  `${tasks.length} tasks with exact output, 8 candidates; a simulated model's samples are right with its number's chance.\n`,
)
console.log(printTallies(tallies))

async function runReal(): Promise<void> {
  const names = flags.model ?? [GEMMA.name, SMOLLM.name]
  // The two toys come with an Ollama of their own; any other model is wanted from one that is there.
  const isOwn =
    flags.ollama === undefined && names.every((name) => name === GEMMA.name || name === SMOLLM.name)
  const own = isOwn ? await startOllama({ progress: (line) => console.error(line) }) : undefined
  if (own) open.defer(() => own.stop())
  const url = own?.url ?? flags.ollama ?? ollamaHost()
  for (const name of flags.quick ? names.slice(0, 1) : names) {
    const shown = await showModel(url, name)
    await run({ name, ...shown }, cachedSamples(url, cache, Number(flags.threads) || undefined), false)
  }
}

/** As Ollama's own programs read it. */
function ollamaHost(): string {
  const host = process.env['OLLAMA_HOST'] ?? 'localhost:11434'
  return host.includes('://') ? host : `http://${host}`
}

async function run(scripted: ScriptedModel, ask: Ask, isSimulated: boolean): Promise<void> {
  await using here = new AsyncDisposableStack()
  open.use(here)
  const model = here.use(await startBenchModel(scripted, ask))
  const solver = here.use(await startSolver(model.url))
  const progress = (line: string) => console.error(`${scripted.name}: ${line}`)
  tallies.push(await measure(scripted.name, { tasks, model, ask, solver, oracle, isSimulated, progress }))
}
