import { command } from '../command.ts'
import { CliError } from '../exit.ts'
import { findJob } from '../find-job.ts'
import { harmless, harmlessJson } from '../harmless.ts'

export const logs = command({
  name: 'logs',
  summary: 'Prints a job’s story.',
  arguments: '<job>',
  options: {
    follow: { type: 'boolean', short: 'f', help: 'go on with what comes, until the desktop closes' },
    tail: { type: 'string', value: 'lines', help: 'only so many of the last lines' },
  },
  run: async ({ values, positionals: [given = ''] }, { connect, out, signal }) => {
    const { tail } = values
    if (tail !== undefined && !/^\d{1,9}$/.test(tail)) {
      throw new CliError('usage', `--tail must be a number of lines, not ${tail}`)
    }
    const vitrine = await connect()
    const id = await findJob(vitrine, given, signal)
    const lines = vitrine.jobs.logs(id, {
      follow: values.follow === true,
      ...(tail !== undefined && { tail: Number(tail) }),
      signal,
    })
    for await (const line of lines)
      out(values.json === true ? `${harmlessJson({ line })}\n` : `${harmless(line)}\n`)
    return 0
  },
})
