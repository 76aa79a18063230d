import { now } from '../clock.ts'
import type { StoredJob } from '../store/jobs.ts'

/** What every run that ends now leaves; its desktop lives on for its time. */
export function endOfRun(job: StoredJob) {
  const finishedAt = now()
  return { phase: null, waiting: null, finishedAt, expiresAt: desktopEnd(job, finishedAt) }
}

/** When the time of a desktop is over that begins at `start`. */
export const desktopEnd = ({ request }: StoredJob, start: number): number =>
  start + request.limits.desktopSeconds * 1000
