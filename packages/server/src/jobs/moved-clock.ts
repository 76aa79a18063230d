import { readFile } from 'node:fs/promises'
import { uptime } from 'node:os'
import { now } from '../clock.ts'
import { activeJobs, updateJob } from '../store/jobs.ts'
import type { Database, JobLife } from '../store/schema.ts'
import { findSetting, storeSetting } from '../store/settings.ts'

type Clock = {
  /** Of the machine: what was counted since another start of it can't be compared. */
  boot: string
  /** When that start was, by the wall clock at the server's start. */
  bootedAt: number
}

/**
 * Where the wall clock was moved since the server before began, the times of what goes on are moved likewise: a desktop
 * that has half an hour left has it by the new clock too. The time since the machine's start tells.
 */
export async function followMovedClock(db: Database): Promise<void> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')
  const clock: Clock = { boot, bootedAt: now() - uptime() * 1000 }
  await db.transaction().execute(async (transaction) => {
    const stored = await findSetting(transaction, 'clock')
    const before = stored === null ? clock : (JSON.parse(stored) as Clock)
    const moved = before.boot === boot ? Math.round(clock.bootedAt - before.bootedAt) : 0
    if (Math.abs(moved) >= 1000) {
      for (const job of await activeJobs(transaction)) {
        await updateJob(transaction, { ...job, life: { ...job.life, ...movedBy(moved, job.life) } })
      }
    }
    await storeSetting(transaction, 'clock', JSON.stringify(clock))
  })
}

function movedBy(
  milliseconds: number,
  { startedAt, waitingSince, finishedAt, expiresAt, notBefore }: JobLife,
): Partial<JobLife> {
  const move = (time: number | null) => time && time + milliseconds
  return {
    startedAt: move(startedAt),
    waitingSince: move(waitingSince),
    finishedAt: move(finishedAt),
    expiresAt: move(expiresAt),
    notBefore: notBefore === 0 ? 0 : notBefore + milliseconds,
  }
}
