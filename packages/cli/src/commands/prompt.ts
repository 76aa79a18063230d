import { checkOptions, readCheck } from '../check.ts'
import { command } from '../command.ts'
import { findJob } from '../find-job.ts'
import { harmlessJson } from '../harmless.ts'
import { readText } from '../text.ts'
import { watchJob } from '../watch-job.ts'

export const prompt = command({
  name: 'prompt',
  aliases: { 'prompt-job': [] },
  summary:
    'Changes the program of a job that has ended, in the same desktop, and follows it to its verdict: ./vitrine prompt <job> "Now make it a window." The prompt is taken word for word; - reads it from standard input.',
  arguments: '<job> [prompt]',
  options: {
    'prompt-file': {
      type: 'string',
      value: 'file',
      help: 'read the prompt from a file; - is standard input',
    },
    detach: { type: 'boolean', short: 'd', help: 'only begin it, and print the job’s id' },
    ...checkOptions,
  },
  run: async ({ values, positionals: [given = '', text] }, context) => {
    const { connect, out, signal } = context
    const wanted = {
      prompt: await readText('prompt', text, values['prompt-file'], context),
      ...(await readCheck(values)),
    }
    const vitrine = await connect()
    const id = await findJob(vitrine, given, signal)
    const job = await vitrine.jobs.prompt(id, wanted, { idempotencyKey: crypto.randomUUID(), signal })
    const json = values.json === true
    if (values.detach !== true) return watchJob(vitrine, job, json, context)
    out(json ? `${harmlessJson(job, 2)}\n` : `${job.id} begins run ${job.run}\n`)
    return 0
  },
})
