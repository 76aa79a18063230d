import type { Job } from '../site.ts'

/** The jobs that are loaded, the newest first; `isWhole` once there are no older ones. */
export type Shelf = { jobs: readonly Job[]; isWhole: boolean }

type Page = { jobs: readonly Job[]; next: string | null }

/** Puts a page of older jobs at the end. */
export function withPage({ jobs }: Shelf, page: Page): Shelf {
  const known = new Set(jobs.map(({ id }) => id))
  return { jobs: [...jobs, ...page.jobs.filter(({ id }) => !known.has(id))], isWhole: page.next === null }
}

/** Puts changed jobs in their places. One that is older than all that are loaded comes with its page. */
export function withChanges(shelf: Shelf, changes: { jobs: readonly Job[]; gone: readonly string[] }): Shelf {
  const changed = new Map(changes.jobs.map((job) => [job.id, job]))
  const gone = new Set(changes.gone)
  const jobs = shelf.jobs.filter(({ id }) => !gone.has(id)).map((job) => changed.get(job.id) ?? job)
  const known = new Set(jobs.map(({ id }) => id))
  const oldest = jobs.at(-1)
  for (const job of changes.jobs) {
    if (known.has(job.id)) continue
    const place = jobs.findIndex(({ createdAt }) => createdAt <= job.createdAt)
    if (place >= 0) jobs.splice(place, 0, job)
    else if (shelf.isWhole || !oldest) jobs.push(job)
  }
  return { jobs, isWhole: shelf.isWhole }
}
