import { useEffect, useRef } from 'preact/hooks'
import type { Job, Site } from '../site.ts'
import type { Story } from '../story/story.ts'
import { Candidates } from './candidates.tsx'
import { Files } from './files.tsx'
import { Terminal } from './terminal.tsx'
import { Usage } from './usage.tsx'
import { candidates, type View } from './view.ts'
import { ViewLink } from './view-link.tsx'

/** What stands below a job's desktop, one view at a time. A terminal that was opened goes on behind the others. */
export function Views(props: {
  site: Site
  job: Job
  story: Story
  filesEdition: string
  view: View
  show: (view: View) => void
}) {
  const { site, job, story, filesEdition, view, show } = props
  const box = useRef<HTMLElement>(null)
  const hasTerminal = useRef(false)
  hasTerminal.current ||= view.name === 'terminal'
  useEffect(() => {
    if (new URLSearchParams(location.search).has('view')) box.current?.scrollIntoView()
  }, [])

  const links: [word: string, view: View][] = [
    ['Candidates', candidates()],
    ['Files', { name: 'files', file: null }],
    ['Terminal', { name: 'terminal' }],
    ['Usage', { name: 'usage' }],
  ]
  return (
    <section class="views" aria-label="Candidates, files, terminal and usage" ref={box}>
      <nav aria-label="Views" class="tabs">
        {links.map(([word, to]) => (
          <ViewLink key={word} to={to} show={show} isCurrent={view.name === to.name}>
            {word}
          </ViewLink>
        ))}
      </nav>
      {view.name === 'candidates' && <Candidates job={job} story={story} view={view} show={show} />}
      {view.name === 'files' && (
        <Files site={site} job={job} edition={filesEdition} file={view.file} show={show} />
      )}
      {view.name === 'usage' && <Usage job={job} story={story} />}
      {hasTerminal.current && (
        <div hidden={view.name !== 'terminal'}>
          <Terminal site={site} job={job} />
        </div>
      )}
    </section>
  )
}
