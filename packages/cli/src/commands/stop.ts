import { isFinal } from '@vitrine/sdk/jobs.ts'
import type { Vitrine } from '@vitrine/sdk/vitrine.ts'
import { command } from '../command.ts'
import { CliError } from '../exit.ts'
import { findJob } from '../find-job.ts'
import { harmlessJson } from '../harmless.ts'

export const stop = command({
  name: 'stop',
  aliases: { 'stop-job': [], 'stop-all': ['--all'] },
  summary: 'Ends jobs’ work and closes their desktops; files are kept, ./vitrine open shows them again.',
  arguments: '[job]...',
  options: { all: { type: 'boolean', help: 'every job that works or has a desktop' } },
  run: async ({ values, positionals }, { connect, out, signal }) => {
    const all = values.all === true
    if (all === positionals.length > 0) throw new CliError('usage', 'name the jobs to stop, or --all')
    const vitrine = await connect()
    const ids = all
      ? await goingOn(vitrine, signal)
      : await Promise.all(positionals.map((given) => findJob(vitrine, given, signal)))
    for (const id of ids) {
      const job = await vitrine.jobs.stop(id, { signal })
      out(
        values.json === true
          ? `${harmlessJson(job)}\n`
          : `${id} ${job.state}, desktop ${job.desktop.state}\n`,
      )
    }
    return 0
  },
})

async function goingOn(vitrine: Vitrine, signal: AbortSignal): Promise<string[]> {
  const jobs = await Array.fromAsync(vitrine.jobs.list({ signal }))
  return jobs.filter((job) => !isFinal(job.state) || job.desktop.state !== 'closed').map(({ id }) => id)
}
