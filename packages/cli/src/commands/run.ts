import type { NewJobInput } from '@vitrine/contract/job.ts'
import { checkOptions, readCheck } from '../check.ts'
import { command } from '../command.ts'
import { harmlessJson } from '../harmless.ts'
import { egressHelp } from '../egress.ts'
import { labels } from '../labels.ts'
import { number, seconds } from '../seconds.ts'
import { readText } from '../text.ts'
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
    ...checkOptions,
    seconds: { type: 'string', value: 'time', help: 'work time, such as 90 or 15m' },
    'desktop-seconds': { type: 'string', value: 'time', help: 'how long the desktop stays live afterwards' },
    memory: { type: 'string', value: 'MiB', help: 'memory of the sandbox' },
    cpus: { type: 'string', value: 'number', help: 'processors of the sandbox' },
    candidates: { type: 'string', value: 'number', help: 'how many programs may be tried' },
    'model-calls': { type: 'string', value: 'number', help: 'how many model calls the run may make' },
    'tokens-in': { type: 'string', value: 'number', help: 'how many tokens the model may read' },
    'tokens-out': { type: 'string', value: 'number', help: 'how many tokens the model may write' },
    'concurrent-calls': { type: 'string', value: 'number', help: 'how many model calls at once' },
    egress: { type: 'string', multiple: true, value: 'host', help: egressHelp },
    label: { type: 'string', multiple: true, value: 'key=value', help: 'may be repeated' },
  },
  run: async ({ values, positionals }, context) => {
    const job: NewJobInput = {
      task: await readText('task', positionals[0], values['task-file'], context),
      ...(values.name !== undefined && { name: values.name }),
      ...(values.model !== undefined && { model: values.model }),
      // The server checks the language, and names the field that is wrong.
      ...(values.language !== undefined && { language: values.language as 'python' }),
      ...(await readCheck(values)),
      limits: readLimits(values),
      ...(values.egress && { egress: values.egress }),
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
