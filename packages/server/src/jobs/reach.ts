import type { Reach } from '../egress/attempt.ts'
import { findJob, holderOf } from '../store/jobs.ts'
import type { Database } from '../store/schema.ts'

/** What a sandbox's programs may reach now: as long as its job lets its desktop live, and was not canceled. */
export async function reachOf(db: Database, sandbox: string): Promise<Reach | null> {
  const holder = await holderOf(db, sandbox)
  const job = holder && (await findJob(db, holder.id))
  if (!job || job.sandbox !== sandbox) return null
  const isOver = job.state === 'canceled' || job.life.closing || job.deleting
  return { job: job.id, run: job.run, hosts: job.request.egress, isOver }
}
