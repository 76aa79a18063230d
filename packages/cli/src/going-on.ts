import { isFinal } from '@vitrine/sdk/jobs.ts'
import type { Vitrine } from '@vitrine/sdk/vitrine.ts'

/** The ids of jobs that work or have a desktop: those that `stop` would change. */
export async function goingOn(vitrine: Vitrine, signal: AbortSignal): Promise<string[]> {
  const jobs = await Array.fromAsync(vitrine.jobs.list({ signal }))
  return jobs.filter((job) => !isFinal(job.state) || job.desktop.state !== 'closed').map(({ id }) => id)
}
