import { useEffect, useRef } from 'preact/hooks'
import { Header } from '../header.tsx'
import { HealthNotice } from '../health-notice.tsx'
import { useQuery } from '../query.ts'
import type { Site } from '../site.ts'
import { problemText } from '../words.ts'
import { EmptyCase } from './empty-case.tsx'
import { filterOf, isEveryJob } from './filter.ts'
import { Rack } from './rack.tsx'
import type { Shelf } from './shelf.ts'
import { Toolbar } from './toolbar.tsx'
import { rackSize, useShelf } from './use-shelf.ts'
import './wall.css'

/** All jobs, live; which of them, the address says. */
export function JobsPage({ site }: { site: Site }) {
  const [query, change] = useQuery()
  const filter = filterOf(query)
  const { shelf, error, loadMore } = useShelf(site, filter)
  useEffect(() => {
    document.title = 'Jobs · Vitrine'
  }, [])

  const isEmpty = shelf?.jobs.length === 0 && shelf.isWhole
  return (
    <>
      <Header site={site} />
      <main class="jobs-page">
        <HealthNotice site={site} />
        <div class="wall-head">
          <h1 tabIndex={-1}>Jobs</h1>
          <Toolbar filter={filter} change={change} />
        </div>
        <p role="status" class="problem">
          {error !== undefined && problemText(error)}
        </p>
        <p role="status" class={isEmpty && !isEveryJob(filter) ? 'none' : 'unseen'}>
          {shelf && countOf(shelf)}
        </p>
        {isEmpty && isEveryJob(filter) && <EmptyCase site={site} />}
        <div class="racks">
          {racks(shelf).map((jobs, index) => (
            <Rack key={index} site={site} jobs={jobs} />
          ))}
        </div>
        {shelf && !shelf.isWhole && <More loadMore={loadMore} loaded={shelf.jobs.length} />}
      </main>
    </>
  )
}

function countOf({ jobs, isWhole }: Shelf): string {
  if (jobs.length === 0) return 'No job matches.'
  const many = jobs.length === 1 ? '1 job' : `${jobs.length} jobs`
  return isWhole ? many : `The newest ${many}`
}

function racks(shelf: Shelf | undefined) {
  const { jobs = [] } = shelf ?? {}
  return Array.from({ length: Math.ceil(jobs.length / rackSize) }, (_, index) =>
    jobs.slice(index * rackSize, (index + 1) * rackSize),
  )
}

/** Loads older jobs as the end comes near; by hand too, for those who do not scroll. */
function More({ loadMore, loaded }: { loadMore: () => void; loaded: number }) {
  const button = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    const observer = new IntersectionObserver((seen) => seen.at(-1)?.isIntersecting && loadMore(), {
      rootMargin: '800px 0px',
    })
    if (button.current) observer.observe(button.current)
    return () => observer.disconnect()
    // Anew after each page: where its end is still near, the next one is wanted too.
  }, [loaded])
  return (
    <button ref={button} type="button" class="more" onClick={loadMore}>
      Show older jobs
    </button>
  )
}
