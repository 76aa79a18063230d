import { pagePath } from './address.ts'
import { Link } from './link.tsx'
import { usePolled } from './polled.ts'
import type { Site } from './site.ts'

/** Says what of the server doesn’t work now, so that nobody wonders why a job waits, and where help is; else nothing. */
export function HealthNotice({ site }: { site: Site }) {
  const { value: health } = usePolled('health', 15_000, (signal) => site.vitrine.health({ signal }))
  const parts = health ? [health.engine, health.model, health.image, health.disk] : []
  // The engine and its image may be away for the same reason.
  const ill = [...new Set(parts.filter(({ ok }) => !ok).map(({ message }) => message))]
  return (
    <div role="status" class="health">
      {ill.map((message) => (
        <p key={message} class="warning">
          {message}
        </p>
      ))}
      {ill.length > 0 && (
        <p>
          <Link site={site} to={pagePath(site.base, 'doctor')}>
            What to do
          </Link>
        </p>
      )}
    </div>
  )
}
