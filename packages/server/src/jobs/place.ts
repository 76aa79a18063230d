import type { Waiting } from '@vitrine/contract/job.ts'
import { waitingForSlot, type StoredJob } from '../store/jobs.ts'
import type { Database } from '../store/schema.ts'

/** The same jobs; those that wait for a slot with the place that they have by now. */
export async function withPlaces(db: Database, jobs: StoredJob[]): Promise<StoredJob[]> {
  if (!jobs.some(waits)) return jobs
  const places = new Map((await waitingForSlot(db)).map((id, index) => [id, index + 1]))
  return jobs.map((job) => {
    const place = places.get(job.id)
    return waits(job) && place !== undefined
      ? { ...job, life: { ...job.life, waiting: atPlace(place) } }
      : job
  })
}

/** For a job that waits for a slot: its place among those that do, from 1. */
export const atPlace = (place: number): Waiting => ({
  for: 'slot',
  message: `all slots are taken; number ${place} in the queue`,
})

const waits = ({ state, life }: StoredJob) => state === 'queued' && life.waiting?.for === 'slot'
