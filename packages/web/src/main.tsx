import { Vitrine } from '@vitrine/sdk/vitrine.ts'
import { render } from 'preact'
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { readAddress, type Page } from './address.ts'
import { latePage } from './late-page.tsx'
import type { Site } from './site.ts'
import { JobsPage } from './wall/jobs-page.tsx'

const { base } = readAddress(location.pathname)
const vitrine = new Vitrine({ url: location.origin + base })

const NewJobPage = latePage(async () => (await import('./new-job/new-job-page.tsx')).NewJobPage)
const ModelsPage = latePage(async () => (await import('./models/models-page.tsx')).ModelsPage)
const SettingsPage = latePage(async () => (await import('./settings/settings-page.tsx')).SettingsPage)
const DoctorPage = latePage(async () => (await import('./doctor/doctor-page.tsx')).DoctorPage)
const JobPage = latePage(async () => (await import('./job/job-page.tsx')).JobPage)

function App() {
  const [path, setPath] = useState(location.pathname)
  const isFirst = useRef(true)

  const go = useCallback((to: string) => {
    history.pushState(null, '', to)
    // Whoever reads the address hears of this as of a step in the history.
    window.dispatchEvent(new PopStateEvent('popstate'))
  }, [])

  useEffect(() => {
    const back = () => setPath(location.pathname)
    window.addEventListener('popstate', back)
    return () => window.removeEventListener('popstate', back)
  }, [])

  // A new page starts at its top, with its heading read out, as a loaded one would.
  useLayoutEffect(() => {
    if (isFirst.current) {
      isFirst.current = false
      return
    }
    window.scrollTo(0, 0)
    document.querySelector('h1')?.focus()
  }, [path])

  return <Shown page={readAddress(path).page} site={{ base, vitrine, go }} />
}

function Shown({ page, site }: { page: Page; site: Site }) {
  switch (page.name) {
    case 'jobs':
      return <JobsPage site={site} />
    case 'new':
      return <NewJobPage site={site} />
    case 'models':
      return <ModelsPage site={site} />
    case 'settings':
      return <SettingsPage site={site} />
    case 'doctor':
      return <DoctorPage site={site} />
    case 'job':
      return <JobPage key={page.id} site={site} id={page.id} />
  }
}

const root = document.getElementById('app')
if (!root) throw new Error('index.html has no #app')
render(<App />, root)
