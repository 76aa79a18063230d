import { command } from '../command.ts'
import { findJob } from '../find-job.ts'
import { harmlessJson } from '../harmless.ts'
import { seconds } from '../seconds.ts'

export const extend = command({
  name: 'extend',
  summary: 'Lets a desktop live on for so long from now, such as 30m or 2h.',
  arguments: '<job> <time>',
  options: {},
  run: async ({ values, positionals: [given = '', time = ''] }, { connect, out, signal }) => {
    const length = seconds('<time>', time)
    const vitrine = await connect()
    const job = await vitrine.jobs.extend(await findJob(vitrine, given, signal), length, { signal })
    const { expiresAt } = job.desktop
    out(
      values.json === true
        ? `${harmlessJson(job, 2)}\n`
        : `${job.id} lives until ${expiresAt ?? 'it is stopped'}\n`,
    )
    return 0
  },
})
