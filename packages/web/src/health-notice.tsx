import { usePolled } from './polled.ts'
import type { Site } from './site.ts'

/** Says what of the server doesn’t work now, so that nobody wonders why a job waits; else nothing. */
export function HealthNotice({ site }: { site: Site }) {
  const { value: health } = usePolled('health', 15_000, (signal) => site.vitrine.health({ signal }))
  const ill = health ? [health.engine, health.model, health.image].filter((part) => !part.ok) : []
  return (
    <div role="status">
      {ill.map((part) => (
        <p key={part.message} class="warning">
          {part.message}
        </p>
      ))}
    </div>
  )
}
