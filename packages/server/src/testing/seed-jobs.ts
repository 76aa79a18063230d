import { newId } from '../jobs/id.ts'
import { insertJob } from '../store/jobs.ts'
import { openSqlite } from '../store/sqlite.ts'
import { storedJob } from '../store/testing/stored-job.ts'

const subjects = [
  'circle',
  'clock',
  'calendar',
  'prime number',
  'word list',
  'bar chart',
  'maze',
  'tide table',
]
const ends = [
  { state: 'succeeded', reason: null },
  { state: 'failed', reason: { code: 'check_failed', message: 'No candidate passed its checks.' } },
  { state: 'canceled', reason: { code: 'canceled', message: 'Canceled on request.' } },
] as const

/** Stores finished jobs of many kinds, the newest made just now, by the store’s own statements; a server may run on it. */
export async function seedJobs(path: string, count: number): Promise<void> {
  const db = await openSqlite(path)
  const now = Date.now()
  await db.transaction().execute(async (transaction) => {
    for (let index = 0; index < count; index++) {
      const subject = subjects[index % subjects.length]!
      const { state, reason } = ends[index % 7 < 4 ? 0 : index % 7 < 6 ? 1 : 2]
      const createdAt = now - (count - index) * 60_000
      const request = {
        task: `Write a Python program that shows a ${subject}, number ${index}. It must end by itself and print what it did.`,
        name: index % 5 === 0 ? `The ${subject} ${index}` : null,
        model: index % 3 === 0 ? 'llama3.2:1b' : 'qwen3:0.6b',
        labels: { team: index % 4 === 0 ? 'red' : 'blue', ...(index % 100 === 0 && { rare: 'yes' }) },
        createdAt,
      }
      const life = { reason, startedAt: createdAt + 1000, finishedAt: createdAt + 9000 }
      await insertJob(transaction, storedJob({ id: newId('job'), state, request }, life), null)
    }
  })
  await db.destroy()
}
