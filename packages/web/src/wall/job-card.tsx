import { jobPath } from '../address.ts'
import { Link } from '../link.tsx'
import type { Job, Site } from '../site.ts'
import { StateSign } from '../state-sign.tsx'
import { Thumbnail } from './thumbnail.tsx'
import { secondsBetween, situation, span, title } from '../words.ts'

/** One job as a case on the shelf: its desktop behind glass, and a label plate. */
export function JobCard({ site, job, now }: { site: Site; job: Job; now: number }) {
  return (
    <article class="card">
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
        <p class="facts">
          <span>{job.model}</span>
          <span>{span(secondsBetween(job.createdAt, now))} ago</span>
          {job.run > 1 && <span>run {job.run}</span>}
        </p>
      </div>
    </article>
  )
}
