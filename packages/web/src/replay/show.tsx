import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Desktop } from '../desktop/desktop.tsx'
import { usePolled } from '../polled.ts'
import type { Job, Site } from '../site.ts'
import { momentOf } from './moment-hash.ts'
import { Replay } from './replay.tsx'

const beginning = { time: 0, run: null }

/**
 * A job's desktop while there is one, and what it showed: beside it, or in its place after it has gone. Nothing is shown until
 * it is known which of them, so that `children`, which stand below, keep their place.
 */
export function Show({ site, job, children }: { site: Site; job: Job; children: ComponentChildren }) {
  const isClosed = job.desktop.state === 'closed'
  const polled = usePolled(job.id, 5000, (signal) => site.vitrine.jobs.recordings.list(job.id, { signal }))
  const { value: recordings = [] } = polled
  const start = useMomentOfAddress()
  const [wantsReplay, setWantsReplay] = useState(start !== null)
  useEffect(() => {
    if (start) setWantsReplay(true)
  }, [start])

  if (isClosed && polled.value === undefined && polled.error === undefined) return null
  const canReplay = recordings.length > 0
  const replays = canReplay && (isClosed || wantsReplay)
  return (
    <div class="show">
      {!isClosed && (
        <div class="filters show-choice" role="group" aria-label="What is shown">
          <button type="button" aria-pressed={!replays} onClick={() => setWantsReplay(false)}>
            Live
          </button>
          <button
            type="button"
            aria-pressed={replays}
            disabled={!canReplay}
            onClick={() => setWantsReplay(true)}
          >
            Replay
          </button>
        </div>
      )}
      {replays ? (
        <Replay site={site} job={job} recordings={recordings} start={start ?? beginning} />
      ) : (
        <Desktop site={site} job={job} />
      )}
      {children}
    </div>
  )
}

function useMomentOfAddress() {
  const [moment, setMoment] = useState(() => momentOf(location.hash))
  useEffect(() => {
    const look = () => setMoment(momentOf(location.hash))
    window.addEventListener('hashchange', look)
    return () => window.removeEventListener('hashchange', look)
  }, [])
  return moment
}
