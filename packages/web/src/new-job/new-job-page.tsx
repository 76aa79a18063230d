import { useEffect, useState } from 'preact/hooks'
import { Header } from '../header.tsx'
import { HealthNotice } from '../health-notice.tsx'
import type { Site } from '../site.ts'
import { NewJobForm } from './new-job-form.tsx'
import './new-job.css'

/** The form for a new job; `?task=` fills it in. */
export function NewJobPage({ site }: { site: Site }) {
  const [task, setTask] = useState(() => new URLSearchParams(location.search).get('task') ?? '')
  useEffect(() => {
    document.title = 'New job · Vitrine'
  }, [])
  return (
    <>
      <Header site={site} />
      <main class="new-job">
        <h1 tabIndex={-1}>New job</h1>
        <HealthNotice site={site} />
        <NewJobForm site={site} task={task} onTask={setTask} />
      </main>
    </>
  )
}
