import { useEffect, useMemo } from 'preact/hooks'
import { Header } from '../header.tsx'
import { HealthNotice } from '../health-notice.tsx'
import type { Site } from '../site.ts'
import { NewJobForm } from './new-job-form.tsx'
import './new-job.css'

/** The form for a new job; `?task=` and `?model=` fill it in. */
export function NewJobPage({ site }: { site: Site }) {
  const start = useMemo(() => {
    const query = new URLSearchParams(location.search)
    return { task: query.get('task') ?? '', model: query.get('model') ?? '' }
  }, [])
  useEffect(() => {
    document.title = 'New job · Vitrine'
  }, [])
  return (
    <>
      <Header site={site} />
      <main class="new-job">
        <h1 tabIndex={-1}>New job</h1>
        <HealthNotice site={site} />
        <NewJobForm site={site} start={start} />
      </main>
    </>
  )
}
