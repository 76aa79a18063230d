import { Vitrine } from '@vitrine/sdk/vitrine.ts'
import { render } from 'preact'
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { readAddress } from './address.ts'
import { JobPage } from './job-page.tsx'
import { JobsPage } from './jobs-page.tsx'

const { base } = readAddress(location.pathname)
const vitrine = new Vitrine({ url: location.origin + base })

function App() {
  const [path, setPath] = useState(location.pathname)
  const isFirst = useRef(true)

  const go = useCallback((to: string) => {
    history.pushState(null, '', to)
    setPath(location.pathname)
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

  const site = { base, vitrine, go }
  const { page } = readAddress(path)
  return page.name === 'job' ? <JobPage key={page.id} site={site} id={page.id} /> : <JobsPage site={site} />
}

const root = document.getElementById('app')
if (!root) throw new Error('index.html has no #app')
render(<App />, root)
