import { command } from '../command.ts'
import { findJob } from '../find-job.ts'
import { harmlessJson } from '../harmless.ts'

export const cancel = command({
  name: 'cancel',
  summary: 'Ends jobs’ work; their desktops stay until their time is over.',
  arguments: '<job>...',
  options: {},
  run: async ({ values, positionals }, { connect, out, signal }) => {
    const vitrine = await connect()
    const ids = await Promise.all(positionals.map((given) => findJob(vitrine, given, signal)))
    for (const id of ids) {
      const job = await vitrine.jobs.cancel(id, { signal })
      out(values.json === true ? `${harmlessJson(job)}\n` : `${id} ${job.state}\n`)
    }
    return 0
  },
})
