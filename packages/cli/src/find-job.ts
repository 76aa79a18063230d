import type { Vitrine } from '@vitrine/sdk/vitrine.ts'
import { CliError } from './exit.ts'
import { harmlessJson } from './harmless.ts'

/** The id of the job that `text` names: a whole id, or a beginning (with `job-` or without) that only one job has. */
export async function findJob(vitrine: Vitrine, text: string, signal: AbortSignal): Promise<string> {
  if (/^job-[0-9a-z]{12}$/.test(text)) return text
  const beginning = text.startsWith('job-') ? text : `job-${text}`
  const found: string[] = []
  if (/^job-[0-9a-z]{1,12}$/.test(beginning)) {
    for await (const { id } of vitrine.jobs.list({ signal })) if (id.startsWith(beginning)) found.push(id)
  }
  const [id] = found
  if (id === undefined) {
    throw new CliError('notFound', `there is no job ${harmlessJson(text)}; ./vitrine ls lists all jobs`)
  }
  if (found.length === 1) return id
  const some = found.slice(0, 5).join(', ') + (found.length > 5 ? ', …' : '')
  throw new CliError('usage', `${found.length} jobs begin with ${text}: ${some}; write more of the id`)
}
