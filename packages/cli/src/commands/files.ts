import { command } from '../command.ts'
import { findJob } from '../find-job.ts'
import { harmlessJson, oneLine } from '../harmless.ts'
import { table } from '../table.ts'

export const files = command({
  name: 'files',
  summary: 'Lists a job’s files; ./vitrine cp copies them.',
  arguments: '<job>',
  options: {},
  run: async ({ values, positionals: [given = ''] }, { connect, out, note, signal }) => {
    const vitrine = await connect()
    const list = await vitrine.jobs.files.list(await findJob(vitrine, given, signal), { signal })
    if (values.json === true) {
      out(`${harmlessJson(list, 2)}\n`)
      return 0
    }
    out(table(list.files.map(({ path, bytes, modifiedAt }) => [String(bytes), modifiedAt, oneLine(path)])))
    for (const { path, why } of list.skipped) note(`passed over ${oneLine(path)}: ${oneLine(why)}\n`)
    return 0
  },
})
