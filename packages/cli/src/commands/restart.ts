import { command } from '../command.ts'
import { CliError } from '../exit.ts'
import { findJob } from '../find-job.ts'
import { harmlessJson } from '../harmless.ts'
import { watchJob } from '../watch-job.ts'

export const restart = command({
  name: 'restart',
  aliases: { 'restart-job': [] },
  summary: 'Runs a job’s task again in a new sandbox; its history is kept.',
  arguments: '<job>',
  options: {
    exact: { type: 'boolean', help: 'with the styles, temperatures and seeds of the newest recorded run' },
    replay: { type: 'boolean', help: 'with the recorded answers of that run, and no model at all' },
    follow: { type: 'boolean', short: 'f', help: 'follow it to its verdict' },
  },
  run: async ({ values, positionals: [given = ''] }, context) => {
    const { connect, out, signal } = context
    if (values.exact === true && values.replay === true) {
      throw new CliError('usage', 'give --exact or --replay, not both')
    }
    const mode = values.exact === true ? 'exact' : values.replay === true ? 'replay' : 'fresh'
    const vitrine = await connect()
    const job = await vitrine.jobs.restart(await findJob(vitrine, given, signal), { mode, signal })
    const json = values.json === true
    if (values.follow === true) return watchJob(vitrine, job, json, context)
    out(json ? `${harmlessJson(job, 2)}\n` : `${job.id} begins run ${job.run}\n`)
    return 0
  },
})
