import type { Job } from '@vitrine/contract/job.ts'
import { isFinal } from '@vitrine/sdk/jobs.ts'
import type { Vitrine } from '@vitrine/sdk/vitrine.ts'
import { CliError } from './exit.ts'

/** The job with its desktop live: waits for one that is on its way, opens again one that was closed. */
export async function liveDesktop(vitrine: Vitrine, id: string, signal: AbortSignal): Promise<Job> {
  let job = await vitrine.jobs.get(id, { signal })
  if (isFinal(job.state) && job.desktop.state === 'closed') job = await vitrine.jobs.open(id, { signal })
  if (job.desktop.state === 'live') return job
  for await (const event of vitrine.jobs.events(id, { signal })) {
    // The log also holds earlier desktops; only the job tells how the present one is.
    if (event.type !== 'desktop.state' && event.type !== 'job.state') continue
    job = await vitrine.jobs.get(id, { signal })
    if (job.desktop.state === 'live') return job
    if (isFinal(job.state) && job.desktop.state === 'closed') break
  }
  throw new CliError(
    'notFound',
    `the desktop of ${id} closed before it was live; ./vitrine logs ${id} tells why`,
  )
}
