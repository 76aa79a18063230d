import { createHash } from 'node:crypto'
import type { JobChanges } from '@vitrine/contract/routes/jobs.ts'
import { pause } from '../clock.ts'
import type { Store } from '../events/event-log.ts'
import { present } from '../jobs/present.ts'
import { jobsAmong, type JobFilter, type StoredJob } from '../store/jobs.ts'
import type { Handlers } from './bind.ts'
import { stream } from './events.ts'

/** Changes are gathered this long: a job whose model writes changes many times a second. */
const gatherMilliseconds = 250
/** Jobs in one line, and jobs of which a watcher’s connection remembers what it was told. */
const lineJobs = 200
const remembered = 2000

export type ChangesOptions = Store & {
  desktopUrl: (job: StoredJob) => string
  stopping: AbortSignal
}

/** Tells watchers what changed of the jobs that they look at, so that nobody has to ask again and again. */
export function jobChangesRoute(options: ChangesOptions): Pick<Handlers, 'watchJobs'> {
  return {
    watchJobs: async ({ query: { state, label, q }, request }) => {
      const filter = { states: state, labels: label, words: q }
      const lines = async function* (signal: AbortSignal) {
        for await (const changes of watch(options, filter, AbortSignal.any([signal, options.stopping]))) {
          yield `${JSON.stringify(changes)}\n`
        }
      }
      return stream('application/x-ndjson', lines, '\n', request.signal)
    },
  }
}

async function* watch(
  { db, events, desktopUrl }: ChangesOptions,
  filter: JobFilter,
  signal: AbortSignal,
): AsyncGenerator<JobChanges> {
  const told = new Map<string, string>()
  const isNews = (id: string, fingerprint: string) => {
    if (told.get(id) === fingerprint) return false
    if (told.size >= remembered) told.clear()
    told.set(id, fingerprint)
    return true
  }
  for await (const batch of events.watch(signal)) {
    if (batch.size === 0) yield { jobs: [], gone: [] }
    const ids = [...batch]
    for (let from = 0; from < ids.length; from += lineJobs) {
      const some = ids.slice(from, from + lineJobs)
      const found = await jobsAmong(db, some, filter)
      const matching = new Set(found.map(({ id }) => id))
      const jobs = found
        .map((job) => present(job, desktopUrl))
        .filter((job) => isNews(job.id, fingerprintOf(job)))
      const gone = some.filter((id) => !matching.has(id) && isNews(id, 'gone'))
      if (jobs.length > 0 || gone.length > 0) yield { jobs, gone }
    }
    await pause(gatherMilliseconds, signal)
  }
}

/** Most changes of a job are events that its looks do not show. */
const fingerprintOf = (job: object) => createHash('sha256').update(JSON.stringify(job)).digest('base64')
