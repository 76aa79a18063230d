import { command } from '../command.ts'
import { counted } from '../counted.ts'
import { CliError } from '../exit.ts'
import { findJob } from '../find-job.ts'
import { harmlessJson } from '../harmless.ts'
import { states } from '../states.ts'

export const rm = command({
  name: 'rm',
  aliases: { 'delete-job': [], 'delete-all': ['--all'] },
  summary: 'Deletes jobs with their sandboxes and files.',
  arguments: '[job]...',
  options: {
    all: { type: 'boolean', help: 'every job' },
    state: { type: 'string', value: 'states', help: 'every job in one of these states, commas between' },
  },
  run: async ({ values, positionals }, { connect, out, signal }) => {
    const many = values.all === true || values.state !== undefined
    if (many === positionals.length > 0)
      throw new CliError('usage', 'name the jobs to delete, or --all, or --state')
    const filter = states(values.state)
    const vitrine = await connect()
    const json = values.json === true
    if (many) {
      const { deleted } = await vitrine.jobs.deleteAll({ ...filter, signal })
      out(json ? `${harmlessJson({ deleted })}\n` : `${counted(deleted, 'job')} deleted\n`)
      return 0
    }
    const ids = await Promise.all(positionals.map((given) => findJob(vitrine, given, signal)))
    for (const id of ids) await vitrine.jobs.delete(id, { signal })
    out(json ? `${harmlessJson({ deleted: ids.length })}\n` : ids.map((id) => `${id} deleted\n`).join(''))
    return 0
  },
})
