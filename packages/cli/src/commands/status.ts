import type { Job } from '@vitrine/contract/job.ts'
import { command } from '../command.ts'
import { counted } from '../counted.ts'
import { findJob } from '../find-job.ts'
import { harmlessJson, oneLine } from '../harmless.ts'
import { judged } from '../story.ts'
import { cut, table } from '../table.ts'

export const status = command({
  name: 'status',
  aliases: { 'job-status': [] },
  summary: 'Shows one job: its state, verdict, desktop. A job’s id may be cut short where it stays unique.',
  arguments: '<job>',
  options: {},
  run: async ({ values, positionals: [given = ''] }, { connect, out, signal }) => {
    const vitrine = await connect()
    const job = await vitrine.jobs.get(await findJob(vitrine, given, signal), { signal })
    out(values.json === true ? `${harmlessJson(job, 2)}\n` : table(rows(job)))
    return 0
  },
})

function rows(job: Job): string[][] {
  const { desktop, verdict, reason, waiting } = job
  const speed = job.tokensPerSecond === null ? '' : ` ${Math.round(job.tokensPerSecond)} tok/s`
  const phase = job.phase === null ? '' : ` (${job.phase}${speed})`
  const { calls, tokensIn, tokensOut } = job.usage
  return [
    ['id', job.run === 1 ? job.id : `${job.id}, run ${job.run}`],
    ['task', cut(oneLine(job.task.slice(0, 1000)), 200)],
    ...(job.followUp ? [['changed by', cut(oneLine(job.followUp.prompt.slice(0, 1000)), 200)]] : []),
    ...(job.repeats ? [['repeats', `run ${job.repeats.run}, ${job.repeats.how}`]] : []),
    ...(job.name === null ? [] : [['name', oneLine(job.name)]]),
    ['model', oneLine(job.model)],
    ['usage', `${counted(calls, 'model call')}, ${counted(tokensIn, 'token')} in, ${tokensOut} out`],
    ['state', job.state + phase],
    ...(waiting ? [['waiting', oneLine(waiting.message)]] : []),
    ...(reason ? [['reason', `${reason.code}: ${oneLine(reason.message)}`]] : []),
    ...(verdict ? [['verdict', judged(verdict).replace('verdict: ', '')]] : []),
    [
      'desktop',
      [desktop.state, desktop.url, desktop.expiresAt && `until ${desktop.expiresAt}`]
        .filter(Boolean)
        .join(' '),
    ],
    ...Object.entries(job.labels).map(([key, value]) => ['label', `${key}=${oneLine(value)}`]),
    ['created', job.createdAt],
    ...(job.startedAt === null ? [] : [['started', job.startedAt]]),
    ...(job.finishedAt === null ? [] : [['finished', job.finishedAt]]),
  ]
}
