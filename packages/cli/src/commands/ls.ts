import type { Job } from '@vitrine/contract/job.ts'
import { command } from '../command.ts'
import { harmlessJson, oneLine } from '../harmless.ts'
import { labels } from '../labels.ts'
import { states } from '../states.ts'
import { cut, table } from '../table.ts'

export const ls = command({
  name: 'ls',
  aliases: { 'list-jobs': [] },
  summary: 'Lists jobs, the newest first: id, task, state, desktop.',
  arguments: '',
  options: {
    state: { type: 'string', value: 'states', help: 'only jobs in these states, commas between' },
    label: {
      type: 'string',
      multiple: true,
      value: 'key=value',
      help: 'only jobs with this label; may be repeated',
    },
    text: { type: 'string', value: 'words', help: 'only jobs with all of these words in id, name or task' },
  },
  run: async ({ values }, { connect, out, note, signal, terminal }) => {
    const vitrine = await connect()
    const filter = { ...states(values.state), labels: labels(values.label), text: values.text, signal }
    const jobs = await Array.fromAsync(vitrine.jobs.list(filter))
    if (values.json === true) out(`${harmlessJson(jobs, 2)}\n`)
    else if (jobs.length === 0) note('There are no such jobs.\n')
    else out(table([['ID', 'TASK', 'STATE', 'DESKTOP'], ...jobs.map((job) => row(job, terminal ? 48 : 200))]))
    return 0
  },
})

const row = ({ id, name, task, state, desktop }: Job, width: number) => [
  id,
  // A task may be 256 KiB; what is not shown need not be cleaned.
  cut(oneLine((name ?? task).slice(0, 1000)), width),
  state,
  desktop.url ?? desktop.state,
]
