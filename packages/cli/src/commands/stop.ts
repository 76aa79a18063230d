import { command } from '../command.ts'
import { CliError } from '../exit.ts'
import { findJob } from '../find-job.ts'
import { goingOn } from '../going-on.ts'
import { harmlessJson } from '../harmless.ts'

export const stop = command({
  name: 'stop',
  aliases: { 'stop-job': [], 'stop-all': ['--all'] },
  summary: 'Ends jobs’ work and closes their desktops; files are kept, ./vitrine open shows them again.',
  arguments: '[job]...',
  options: { all: { type: 'boolean', help: 'every job that works or has a desktop' } },
  run: async ({ values, positionals }, { connect, out, note, signal }) => {
    const all = values.all === true
    if (all === positionals.length > 0) throw new CliError('usage', 'name the jobs to stop, or --all')
    const vitrine = await connect()
    const ids = all
      ? await goingOn(vitrine, signal)
      : await Promise.all(positionals.map((given) => findJob(vitrine, given, signal)))
    if (ids.length === 0) note('No job works, and no desktop is live.\n')
    for (const id of ids) {
      const job = await vitrine.jobs.stop(id, { signal })
      out(
        values.json === true
          ? `${harmlessJson(job)}\n`
          : `${id} ${job.state}, its desktop ${job.desktop.state === 'closed' ? 'is closed' : 'closes'}\n`,
      )
    }
    return 0
  },
})
