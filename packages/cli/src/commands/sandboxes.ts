import { command } from '../command.ts'
import { harmlessJson, oneLine } from '../harmless.ts'
import { cut, table } from '../table.ts'

export const sandboxes = command({
  name: 'sandboxes',
  aliases: { 'list-containers': [] },
  summary: 'Lists the jobs that have a sandbox now, and counts those that wait ready.',
  arguments: '',
  options: {},
  run: async ({ values }, { connect, out, signal }) => {
    const vitrine = await connect()
    const [health, jobs] = await Promise.all([
      vitrine.health({ signal }),
      Array.fromAsync(vitrine.jobs.list({ signal })),
    ])
    const open = jobs.filter((job) => job.desktop.state !== 'closed')
    const { ready, busy } = health.sandboxes
    const rows = open.map((job) => [
      job.id,
      job.desktop.state,
      job.desktop.url ?? '',
      cut(oneLine(job.task.slice(0, 1000)), 48),
    ])
    if (values.json === true) out(`${harmlessJson({ ready, busy, jobs: open }, 2)}\n`)
    else
      out(
        `${rows.length > 0 ? table([['JOB', 'STATE', 'DESKTOP', 'TASK'], ...rows]) : ''}${busy} busy, ${ready} ready\n`,
      )
    return 0
  },
})
