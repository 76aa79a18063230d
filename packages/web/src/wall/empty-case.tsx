import { pagePath } from '../address.ts'
import { examples } from '../examples.ts'
import { Link } from '../link.tsx'
import type { Site } from '../site.ts'

/** What the wall shows before there is any job: what to do. */
export function EmptyCase({ site }: { site: Site }) {
  const form = pagePath(site.base, 'new')
  return (
    <div class="empty-case">
      <h2>Nothing yet</h2>
      <p>
        Describe a small program. A model writes it, a sandbox runs it, and you watch on a desktop of its own.
        Try one of these, or{' '}
        <Link site={site} to={form}>
          write your own task
        </Link>
        :
      </p>
      <ul>
        {examples.map(({ word, task }) => (
          <li key={word}>
            <Link site={site} class="button" to={`${form}?${new URLSearchParams({ task }).toString()}`}>
              {task}
            </Link>
          </li>
        ))}
      </ul>
    </div>
  )
}
