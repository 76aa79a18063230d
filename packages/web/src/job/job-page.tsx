import { VitrineApiError } from '@vitrine/sdk/error.ts'
import { isFinal } from '@vitrine/sdk/jobs.ts'
import type { ComponentChildren } from 'preact'
import { useCallback, useEffect, useState } from 'preact/hooks'
import { jobsPath } from '../address.ts'
import { Header } from '../header.tsx'
import { Link } from '../link.tsx'
import { useNow, usePolled } from '../polled.ts'
import { Show } from '../replay/show.tsx'
import type { Job, JobEvent, Site } from '../site.ts'
import { StateSign } from '../state-sign.tsx'
import { useStory } from '../story/use-story.ts'
import { useView } from '../views/use-view.ts'
import { Views } from '../views/views.tsx'
import { problemText, secondsBetween, situation, span, title, workLeft } from '../words.ts'
import { JobActions } from './job-actions.tsx'
import { PromptBox } from './prompt-box.tsx'
import { Story } from './story.tsx'

/** One job: its desktop, beside it what happens, below what can be done with it, what was tried and what it left. */
export function JobPage({ site, id }: { site: Site; id: string }) {
  const { value, error, again } = usePolled(id, 2000, (signal) => site.vitrine.jobs.get(id, { signal }))
  const [job, setJob] = useState<Job>()
  useEffect(() => {
    if (value) setJob(value)
  }, [value])
  useEffect(() => {
    document.title = `${job ? title(job) : id} · Vitrine`
  }, [id, job])

  if (error instanceof VitrineApiError && error.code === 'not_found') {
    return (
      <Plain site={site} heading="There is no such job">
        <p>
          {id} was deleted, or never existed.{' '}
          <Link site={site} to={jobsPath(site.base)}>
            See all jobs
          </Link>
        </p>
      </Plain>
    )
  }
  if (!job) {
    return (
      <Plain site={site} heading="Job">
        <p role="status">{error === undefined ? 'Loading …' : problemText(error)}</p>
      </Plain>
    )
  }
  return <JobView site={site} job={job} error={error} onChange={again} />
}

function Plain(props: { site: Site; heading: string; children: ComponentChildren }) {
  return (
    <>
      <Header site={props.site} />
      <main class="plain">
        <h1 tabIndex={-1}>{props.heading}</h1>
        {props.children}
      </main>
    </>
  )
}

const milestones = new Set<JobEvent['type']>([
  'job.state',
  'job.waiting',
  'job.phase',
  'desktop.state',
  'verdict',
])
const fileEvents = new Set<JobEvent['type']>(['file.saved', 'verdict', 'files.kept'])

function JobView(props: { site: Site; job: Job; error: unknown; onChange: () => void }) {
  const { site, job, error, onChange } = props
  const [filesAt, setFilesAt] = useState(0)
  const isOver = isFinal(job.state) && job.desktop.state === 'closed'
  const onEvents = useCallback(
    (events: readonly JobEvent[]) => {
      if (events.some((event) => milestones.has(event.type))) onChange()
      const file = events.findLast((event) => fileEvents.has(event.type))
      if (file) setFilesAt(file.seq)
    },
    [onChange],
  )
  const told = useStory(site, job.id, isOver, onEvents)
  const [view, show] = useView()

  return (
    <>
      <Header site={site} />
      <main class="job-page">
        <JobHead job={job} problem={error === undefined ? undefined : problemText(error)} />
        <Show site={site} job={job}>
          <JobActions site={site} job={job} onChange={onChange} />
        </Show>
        <div class="side">
          <Story
            story={told.story}
            show={show}
            problem={told.error === undefined ? undefined : problemText(told.error)}
          />
          <PromptBox site={site} job={job} onChange={onChange} />
        </div>
        <Views
          site={site}
          job={job}
          story={told.story}
          filesEdition={`${job.run} ${filesAt}`}
          view={view}
          show={show}
        />
      </main>
    </>
  )
}

function JobHead({ job, problem }: { job: Job; problem: string | undefined }) {
  const now = useNow(1000)
  const { expiresAt } = job.desktop
  const heading = title(job)
  return (
    <div class="job-head">
      <h1 tabIndex={-1}>{heading}</h1>
      <p class="now">
        <StateSign state={job.state} />
        <span class="situation">{situation(job)}</span>
      </p>
      <p class="facts">
        <span>{job.model}</span>
        <span>{job.language}</span>
        <span>created {span(secondsBetween(job.createdAt, now))} ago</span>
        {job.run > 1 && <span>run {job.run}</span>}
        {job.workTime && <span>{workLeft(job, now)}</span>}
        {job.desktop.state !== 'closed' && expiresAt && (
          <span>desktop closes in {span(-secondsBetween(expiresAt, now))}</span>
        )}
        <span class="id">{job.id}</span>
      </p>
      {job.task.trim() !== heading && (
        <details>
          <summary>The whole task</summary>
          <pre tabIndex={0} aria-label="Task">
            {job.task}
          </pre>
        </details>
      )}
      {problem !== undefined && (
        <p role="status" class="problem">
          {problem}
        </p>
      )}
    </div>
  )
}
