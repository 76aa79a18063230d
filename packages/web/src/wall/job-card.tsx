import { jobPath, pagePath } from '../address.ts'
import { Link } from '../link.tsx'
import type { Job, Site } from '../site.ts'
import { StateSign } from '../state-sign.tsx'
import { secondsBetween, situation, span, title, workLeft } from '../words.ts'
import { Thumbnail } from './thumbnail.tsx'

const labelsShown = 4

/** One job as a case on the shelf: its desktop behind glass, and a label plate. */
export function JobCard({ site, job, now }: { site: Site; job: Job; now: number }) {
  const { expiresAt, state } = job.desktop
  const labels = Object.entries(job.labels)
  return (
    <article class="card" data-state={job.state}>
      <Thumbnail site={site} job={job} />
      <div class="label">
        <h2>
          <Link site={site} to={jobPath(site.base, job.id)}>
            {title(job)}
          </Link>
        </h2>
        <p class="now">
          <StateSign state={job.state} />
          <span class="situation">{situation(job)}</span>
        </p>
        {labels.length > 0 && (
          <ul class="labels" aria-label="Labels">
            {labels.slice(0, labelsShown).map(([key, value]) => (
              <li key={key}>
                <Link
                  site={site}
                  to={`${pagePath(site.base, 'jobs')}?${new URLSearchParams({ label: `${key}=${value}` }).toString()}`}
                >
                  {key}={value}
                </Link>
              </li>
            ))}
            {labels.length > labelsShown && <li>{labels.length - labelsShown} more</li>}
          </ul>
        )}
        <p class="facts">
          <span>{job.model}</span>
          <span>{span(secondsBetween(job.createdAt, now))} ago</span>
          {job.run > 1 && <span>run {job.run}</span>}
          {job.workTime && <span>{workLeft(job, now)}</span>}
          {state !== 'closed' && expiresAt && <span>{span(-secondsBetween(expiresAt, now))} left</span>}
        </p>
      </div>
    </article>
  )
}
