import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { command } from '../command.ts'
import type { Context } from '../context.ts'
import { CliError, ending, exitCodes } from '../exit.ts'
import { checkout } from '../setup/checkout.ts'
import { canInstall, install } from '../setup/debian.ts'
import { ensureEngine } from '../setup/engine.ts'
import { ensureImage } from '../setup/image.ts'
import { cacheDirectory } from '../setup/model.ts'
import { countTests, type Counts, type VitestReport } from '../test-counts.ts'

export const test = command({
  name: 'test',
  summary: 'Sets up what the tests need and runs all of them; the last line counts them.',
  arguments: '[file]...',
  options: { fast: { type: 'boolean', help: 'only what needs neither engine nor model nor browser' } },
  run: async ({ values, positionals }, context) => {
    const root = checkout()
    const ready = values.fast !== true && (await isSetUp(root, context))
    const checks = positionals.length > 0 ? none : await runChecks(root, context)
    const tests = await runVitest(root, [...(ready ? [] : ['--project', 'fast']), ...positionals])
    const unready = values.fast !== true && !ready ? 1 : 0
    const passed = checks.passed + tests.passed
    const failed = checks.failed + tests.failed + unready
    const { skipped } = tests
    // Where all that tests need was set up, a skipped one is one that should have run.
    const incomplete = skipped > 0 && Boolean(context.environment['CI']) && ready
    context.out(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`)
    return failed > 0 || incomplete || passed === 0 ? exitCodes.failed.code : exitCodes.ok.code
  },
})

const none: Counts = { passed: 0, failed: 0, skipped: 0 }

/** A set-up that fails counts as one failed test; those that need none of it run all the same. */
async function isSetUp(root: string, context: Context): Promise<boolean> {
  try {
    await setUp(root, context)
    return true
  } catch (error) {
    context.signal.throwIfAborted()
    context.report.say(`✗ set-up: ${ending(error).message}`)
    return false
  }
}

async function setUp(root: string, context: Context): Promise<void> {
  const { report, environment } = context
  await ensureImage(await ensureEngine(context), environment['VITRINE_IMAGE'] ?? 'vitrine-sandbox', context)
  await ensureBrowser(context)
  report.say('Preparing the Ollama that the tests use (a few minutes the first time) …')
  const file = pathToFileURL(join(root, 'test/testbed/ollama.ts'))
  const { startOllama } = (await import(file.href)) as typeof import('../../../../test/testbed/ollama.ts')
  const ollama = await startOllama({
    cacheDir: cacheDirectory(environment),
    progress: (line) => report.update(line),
  })
  await ollama.stop()
}

async function ensureBrowser(context: Context): Promise<void> {
  if (existsSync('/usr/bin/chromium')) return
  if (!(await canInstall())) {
    throw new CliError(
      'trouble',
      'the tests need Chromium as /usr/bin/chromium; on Debian: sudo apt-get install chromium',
    )
  }
  await install(['chromium'], context)
}

const checks = ['format:check', 'lint', 'types', 'dead'] as const

/** The parts of `npm run check` that are no tests, each counted as one. */
async function runChecks(root: string, { report }: Context): Promise<Counts> {
  let passed = 0
  for (const check of checks) {
    report.say(`npm run ${check}`)
    if ((await inForeground('npm', ['run', '--silent', check], root)) === 0) passed++
    else report.say(`✗ ${check}`)
  }
  return { passed, failed: checks.length - passed, skipped: 0 }
}

async function runVitest(root: string, args: readonly string[]): Promise<Counts> {
  const folder = await mkdtemp(join(tmpdir(), 'vitrine-test-'))
  try {
    const file = join(folder, 'report.json')
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
    const vitest = join(root, 'node_modules/vitest/vitest.mjs')
    const code = await inForeground(process.execPath, [vitest, 'run', ...reporters, ...args], root)
    const written = await readFile(file, 'utf8').catch(() => undefined)
    return countTests(written === undefined ? undefined : (JSON.parse(written) as VitestReport), code)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Tests print for themselves. npm's scripts find our Node before the system's. */
async function inForeground(program: string, args: readonly string[], root: string): Promise<number> {
  const PATH = `${join(root, 'node_modules/.bin')}:${process.env['PATH']}`
  const child = spawn(program, args, {
    cwd: root,
    env: { ...process.env, PATH },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return code ?? 1
}
