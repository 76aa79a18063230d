import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import type { NewJobInput } from '@vitrine/contract/job.ts'
import { command } from '../command.ts'
import type { Context } from '../context.ts'
import { CliError } from '../exit.ts'
import { harmlessJson } from '../harmless.ts'
import { labels } from '../labels.ts'
import { number, seconds } from '../seconds.ts'
import { watchJob } from '../watch-job.ts'

export const run = command({
  name: 'run',
  aliases: { 'create-job': ['--detach'] },
  summary:
    'Runs a task and follows it to its verdict. The task is taken word for word; - reads it from standard input, after -- it may begin with a dash.',
  arguments: '[task]',
  options: {
    'task-file': { type: 'string', value: 'file', help: 'read the task from a file; - is standard input' },
    detach: { type: 'boolean', short: 'd', help: 'only create the job, and print its id' },
    name: { type: 'string', help: 'a name to find it by' },
    model: { type: 'string', help: 'a model of the model server (see ./vitrine models)' },
    language: { type: 'string', help: 'python (default), javascript or bash' },
    'check-stdout': { type: 'string', value: 'text', help: 'what the program must print' },
    'check-tests': {
      type: 'string',
      value: 'file',
      help: 'a pytest file that must pass; it imports `program`',
    },
    'check-command': {
      type: 'string',
      value: 'words',
      help: 'a command that must end with 0, split at blanks or a JSON list; {program} is the program’s path',
    },
    seconds: { type: 'string', value: 'time', help: 'work time, such as 90 or 15m' },
    'desktop-seconds': { type: 'string', value: 'time', help: 'how long the desktop stays live afterwards' },
    memory: { type: 'string', value: 'MiB', help: 'memory of the sandbox' },
    cpus: { type: 'string', value: 'number', help: 'processors of the sandbox' },
    candidates: { type: 'string', value: 'number', help: 'how many programs may be tried' },
    'model-calls': { type: 'string', value: 'number', help: 'how many model calls the run may make' },
    'tokens-in': { type: 'string', value: 'number', help: 'how many tokens the model may read' },
    'tokens-out': { type: 'string', value: 'number', help: 'how many tokens the model may write' },
    'concurrent-calls': { type: 'string', value: 'number', help: 'how many model calls at once' },
    label: { type: 'string', multiple: true, value: 'key=value', help: 'may be repeated' },
  },
  run: async ({ values, positionals }, context) => {
    const job: NewJobInput = {
      task: await readTask(positionals[0], values['task-file'], context),
      ...(values.name !== undefined && { name: values.name }),
      ...(values.model !== undefined && { model: values.model }),
      // The server checks the language, and names the field that is wrong.
      ...(values.language !== undefined && { language: values.language as 'python' }),
      ...(await readCheck(values)),
      limits: readLimits(values),
      labels: labels(values.label),
    }
    const vitrine = await context.connect()
    const created = await vitrine.jobs.create(job, {
      idempotencyKey: crypto.randomUUID(),
      signal: context.signal,
    })
    const json = values.json === true
    if (values.detach === true) {
      context.out(json ? `${harmlessJson(created, 2)}\n` : `${created.id}\n`)
      return 0
    }
    if (!json) context.out(`${created.id}\n`)
    return watchJob(vitrine, created, json, context)
  },
})

async function readTask(
  given: string | undefined,
  file: string | undefined,
  context: Context,
): Promise<string> {
  if (given !== undefined && file !== undefined) {
    throw new CliError('usage', 'give the task as an argument or with --task-file, not both')
  }
  const source = file ?? (given === '-' ? '-' : undefined)
  if (source === undefined) {
    if (given === undefined) throw new CliError('usage', 'the task is missing: ./vitrine run "<task>"')
    return given
  }
  const bytes =
    source === '-' ? await buffer(context.stdin) : await readFile(source).catch(unreadable(source))
  return decode(bytes, source)
}

async function readCheck(values: {
  'check-stdout'?: string
  'check-tests'?: string
  'check-command'?: string
}): Promise<Pick<NewJobInput, 'check'>> {
  const { 'check-stdout': stdout, 'check-tests': tests, 'check-command': words } = values
  if ([stdout, tests, words].filter((one) => one !== undefined).length > 1) {
    throw new CliError('usage', 'give one check: --check-stdout, --check-tests or --check-command')
  }
  if (stdout !== undefined) return { check: { stdout } }
  if (words !== undefined) return { check: { command: commandWords(words) } }
  if (tests === undefined) return {}
  return { check: { tests: decode(await readFile(tests).catch(unreadable(tests)), tests) } }
}

function readLimits(values: {
  seconds?: string
  'desktop-seconds'?: string
  memory?: string
  cpus?: string
  candidates?: string
  'model-calls'?: string
  'tokens-in'?: string
  'tokens-out'?: string
  'concurrent-calls'?: string
}): NonNullable<NewJobInput['limits']> {
  const { seconds: work, 'desktop-seconds': desktop, cpus } = values
  const counts = { memoryMiB: 'memory', candidates: 'candidates', ...budgets } as const
  const counted = Object.entries(counts).flatMap(([limit, flag]) => {
    const value = values[flag]
    return value === undefined ? [] : [[limit, number(`--${flag}`, value)]]
  })
  return {
    ...(work !== undefined && { seconds: seconds('--seconds', work) }),
    ...(desktop !== undefined && { desktopSeconds: seconds('--desktop-seconds', desktop) }),
    ...(cpus !== undefined && { cpus: number('--cpus', cpus) }),
    ...Object.fromEntries(counted),
  }
}

const budgets = {
  modelCalls: 'model-calls',
  tokensIn: 'tokens-in',
  tokensOut: 'tokens-out',
  concurrentCalls: 'concurrent-calls',
} as const

function commandWords(text: string): string[] {
  if (!text.trimStart().startsWith('[')) return text.split(/\s+/).filter((word) => word !== '')
  try {
    return JSON.parse(text) as string[]
  } catch (error) {
    throw new CliError('usage', `--check-command is not a JSON list: ${(error as Error).message}`)
  }
}

function decode(bytes: Uint8Array, source: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (error) {
    throw new CliError('usage', `${source} is not UTF-8 text`, { cause: error })
  }
}

const unreadable = (file: string) => (error: Error) => {
  throw new CliError('usage', `${file} cannot be read: ${error.message}`, { cause: error })
}
