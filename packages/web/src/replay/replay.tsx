import { useEffect, useMemo, useState } from 'preact/hooks'
import { replayPath } from '../address.ts'
import { ShareDialog } from '../share-dialog.tsx'
import type { Job, JobEvent, Recording, Site } from '../site.ts'
import { title } from '../words.ts'
import { momentHash } from './moment-hash.ts'
import { momentsOf } from './moments.ts'
import { Player } from './player.tsx'
import { printedIn } from './printed.ts'

/** What a job's desktops showed. `start` is where to begin: milliseconds of a run's recording. */
export function Replay(props: {
  site: Site
  job: Job
  recordings: readonly Recording[]
  start: { time: number; run: number | null }
}) {
  const { site, job, recordings, start } = props
  const [run, setRun] = useState(start.run)
  const recording = recordings.find((one) => one.run === run) ?? recordings.at(-1)!
  const events = useEvents(site, job, recording.live)
  const moments = useMemo(() => momentsOf(events, recording), [events, recording.run, recording.startedAt])
  const printed = useMemo(() => printedIn(events, recording), [events, recording.run, recording.startedAt])
  const source = useMemo(() => {
    const { id } = job
    const { jobs } = site.vitrine
    return {
      read: (from: number, signal: AbortSignal) => jobs.recordings.read(id, recording.run, { from, signal }),
    }
  }, [site, job.id, recording.run])
  useEffect(() => setRun(start.run), [start])

  return (
    <section class="replay" aria-labelledby="replay">
      <h2 id="replay" class="unseen">
        Replay
      </h2>
      <Player
        source={source}
        duration={recording.seconds * 1000}
        moments={moments.filter(({ time }) => time <= recording.seconds * 1000)}
        printed={printed}
        label={`What the desktop of ${title(job)} showed`}
        start={start.time}
        actions={(time) => (
          <>
            {recordings.length > 1 && (
              <label>
                Run
                <select value={recording.run} onChange={(event) => setRun(Number(event.currentTarget.value))}>
                  {recordings.map((one) => (
                    <option key={one.run} value={one.run}>
                      {one.run}
                    </option>
                  ))}
                </select>
              </label>
            )}
            <a class="button" href={momentHash(time, recording.run)}>
              Link to this moment
            </a>
            <ShareDialog
              site={site}
              id={job.id}
              moment={{ run: recording.run, seconds: Math.floor(time / 100) / 10 }}
            />
            <a class="button" href={replayPath(site.base, job.id, recording.run, 'html')} download>
              Save as a page
            </a>
            <a class="button" href={replayPath(site.base, job.id, recording.run, 'webm')} download>
              Save as a video
            </a>
          </>
        )}
      />
    </section>
  )
}

/** The job's events so far; while more is recorded they are read again now and then. */
function useEvents(site: Site, job: Job, isLive: boolean): readonly JobEvent[] {
  const [events, setEvents] = useState<readonly JobEvent[]>([])
  const [turn, setTurn] = useState(0)
  useEffect(() => {
    const life = new AbortController()
    const again = isLive ? setTimeout(() => setTurn((turn) => turn + 1), 10_000) : undefined
    Array.fromAsync(site.vitrine.jobs.events(job.id, { follow: false, signal: life.signal }))
      .then(setEvents)
      .catch(() => {}) // the story beside it says what is wrong; without its events a recording plays all the same
    return () => {
      clearTimeout(again)
      life.abort()
    }
  }, [site, job.id, isLive, turn])
  return events
}
