import { command } from '../command.ts'
import { findJob } from '../find-job.ts'
import { harmlessJson } from '../harmless.ts'
import { watchJob } from '../watch-job.ts'

export const restart = command({
  name: 'restart',
  aliases: { 'restart-job': [] },
  summary: 'Runs a job’s task again in a new sandbox; its history is kept.',
  arguments: '<job>',
  options: { follow: { type: 'boolean', short: 'f', help: 'follow it to its verdict' } },
  run: async ({ values, positionals: [given = ''] }, context) => {
    const { connect, out, signal } = context
    const vitrine = await connect()
    const job = await vitrine.jobs.restart(await findJob(vitrine, given, signal), { signal })
    const json = values.json === true
    if (values.follow === true) return watchJob(vitrine, job, json, context)
    out(json ? `${harmlessJson(job, 2)}\n` : `${job.id} begins run ${job.run}\n`)
    return 0
  },
})
