import { command } from '../command.ts'
import { findJob } from '../find-job.ts'
import { harmlessJson } from '../harmless.ts'
import { number } from '../seconds.ts'

export const events = command({
  name: 'events',
  summary: 'Prints a job’s events, one a line; with --json as JSON lines.',
  arguments: '<job>',
  options: {
    follow: { type: 'boolean', short: 'f', help: 'go on with what comes, until the desktop closes' },
    after: { type: 'string', value: 'number', help: 'only events after this one' },
  },
  run: async ({ values, positionals: [given = ''] }, { connect, out, signal }) => {
    const vitrine = await connect()
    const id = await findJob(vitrine, given, signal)
    const after = values.after === undefined ? 0 : number('--after', values.after)
    for await (const event of vitrine.jobs.events(id, { after, follow: values.follow === true, signal })) {
      const { seq, at, type, data } = event
      out(
        values.json === true ? `${harmlessJson(event)}\n` : `${seq}  ${at}  ${type}  ${harmlessJson(data)}\n`,
      )
    }
    return 0
  },
})
