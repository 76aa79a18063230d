import { useEffect, useState } from 'preact/hooks'
import { pagePath } from '../address.ts'
import { Header } from '../header.tsx'
import { HealthNotice } from '../health-notice.tsx'
import { Link } from '../link.tsx'
import { JobCard } from './job-card.tsx'
import './wall.css'
import { useNow, usePolled } from '../polled.ts'
import type { Job, JobState, Site } from '../site.ts'
import { problemText } from '../words.ts'

const step = 60

const filters = [
  { word: 'All', states: undefined },
  { word: 'Unfinished', states: ['queued', 'starting', 'running'] },
  { word: 'Succeeded', states: ['succeeded'] },
  { word: 'Failed', states: ['failed'] },
  { word: 'Canceled', states: ['canceled'] },
] as const satisfies { word: string; states: readonly JobState[] | undefined }[]

const examples = [
  'Write a Python program that prints the squares of the numbers 1 to 10.',
  'Show a window with a button that counts how often it was clicked.',
  'Print all prime numbers below 100, ten on each line.',
]

/** All jobs, and the form for the next one. */
export function JobsPage({ site }: { site: Site }) {
  const [filter, setFilter] = useState<(typeof filters)[number]>(filters[0])
  const [wanted, setWanted] = useState(step)
  const now = useNow(1000)
  const list = usePolled(`${filter.word} ${wanted}`, 1500, (signal) =>
    firstJobs(site, wanted, { state: filter.states, signal }),
  )
  const [shown, setShown] = useState<Awaited<ReturnType<typeof firstJobs>>>()

  // The old list stays until the next one is here.
  useEffect(() => {
    if (list.value) setShown(list.value)
  }, [list.value])
  useEffect(() => {
    document.title = 'Jobs · Vitrine'
  }, [])

  const isEmpty = shown?.jobs.length === 0
  return (
    <>
      <Header site={site} />
      <main class="jobs-page">
        <HealthNotice site={site} />
        <section class="gallery" aria-labelledby="jobs">
          <div class="gallery-head">
            <h1 id="jobs" tabIndex={-1}>
              On display
            </h1>
            <div class="filters" role="group" aria-label="Show which jobs">
              {filters.map((one) => (
                <button
                  key={one.word}
                  type="button"
                  aria-pressed={filter === one}
                  onClick={() => {
                    setFilter(one)
                    setWanted(step)
                  }}
                >
                  {one.word}
                </button>
              ))}
            </div>
          </div>
          <p role="status" class="problem">
            {list.error !== undefined && problemText(list.error)}
          </p>
          {isEmpty && filter === filters[0] && <EmptyCase site={site} />}
          {isEmpty && filter !== filters[0] && <p class="none">No job is in this state.</p>}
          <ul class="cards">
            {shown?.jobs.map((job) => (
              <li key={job.id}>
                <JobCard site={site} job={job} now={now} />
              </li>
            ))}
          </ul>
          {shown?.more && (
            <button type="button" class="more" onClick={() => setWanted(wanted + step)}>
              Show older jobs
            </button>
          )}
        </section>
      </main>
    </>
  )
}

function EmptyCase({ site }: { site: Site }) {
  return (
    <div class="empty-case">
      <h2>Nothing yet</h2>
      <p>
        Describe a small program. A model writes it, a sandbox runs it, and you watch on a desktop of its own.
        Try one of these:
      </p>
      <ul>
        {examples.map((task) => (
          <li key={task}>
            <Link
              site={site}
              class="button"
              to={`${pagePath(site.base, 'new')}?${new URLSearchParams({ task })}`}
            >
              {task}
            </Link>
          </li>
        ))}
      </ul>
    </div>
  )
}

async function firstJobs(
  site: Site,
  count: number,
  filter: { state: readonly JobState[] | undefined; signal: AbortSignal },
): Promise<{ jobs: Job[]; more: boolean }> {
  const { state, signal } = filter
  const jobs: Job[] = []
  for await (const job of site.vitrine.jobs.list({ ...(state && { state }), signal })) {
    if (jobs.length === count) return { jobs, more: true }
    jobs.push(job)
  }
  return { jobs, more: false }
}
