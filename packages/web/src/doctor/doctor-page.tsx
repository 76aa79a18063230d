import type { Health } from '@vitrine/sdk/vitrine.ts'
import { useEffect } from 'preact/hooks'
import { Header } from '../header.tsx'
import { usePolled } from '../polled.ts'
import type { Site } from '../site.ts'
import { problemText } from '../words.ts'
import './doctor.css'

const parts = [
  { name: 'engine', word: 'Container engine', about: 'Starts the sandboxes.' },
  {
    name: 'image',
    word: 'Sandbox image',
    about: 'What every sandbox is made of: a small Linux with a desktop.',
  },
  { name: 'model', word: 'Model', about: 'Writes the programs of jobs that name no other one.' },
  { name: 'sandbox', word: 'Sandboxes', about: 'Linked to the server, with a desktop that shows itself.' },
  { name: 'disk', word: 'Disk', about: 'Holds jobs, their files and recordings.' },
] as const

/** Every part that a job needs: whether it is well, and what to do where it is not. */
export function DoctorPage({ site }: { site: Site }) {
  const {
    value: health,
    error,
    again,
  } = usePolled('doctor', 5000, (signal) => site.vitrine.health({ signal }))
  useEffect(() => {
    document.title = 'Doctor · Vitrine'
  }, [])
  return (
    <>
      <Header site={site} />
      <main class="plain doctor">
        <div class="plain-head">
          <h1 tabIndex={-1}>Doctor</h1>
          <button type="button" onClick={again}>
            Look again
          </button>
        </div>
        {error !== undefined && <ServerAway error={error} />}
        {health && error === undefined && <Findings health={health} />}
        {!health && error === undefined && <p role="status">Looking …</p>}
      </main>
    </>
  )
}

function Findings({ health }: { health: Health }) {
  const ill = parts.filter(({ name }) => !health[name].ok)
  return (
    <>
      <p role="status" class="doctor-sum" data-tone={ill.length > 0 ? 'bad' : 'good'}>
        {ill.length > 0
          ? `Not well: ${ill.map(({ word }) => word.toLowerCase()).join(', ')}.`
          : 'Everything that a job needs is there.'}
      </p>
      <ul class="findings">
        {parts.map(({ name, word, about }) => (
          <li key={name} data-ok={health[name].ok}>
            <h2>
              <Mark ok={health[name].ok} /> {word}
            </h2>
            <p class="hint">{about}</p>
            <p>{health[name].message}</p>
            {health[name].fix !== null && (
              <p class="fix">
                <b>What to do:</b> {health[name].fix}
              </p>
            )}
          </li>
        ))}
      </ul>
      <p class="facts">
        <span>Version {health.version}</span>
        <span>{health.sandboxes.ready} sandboxes ready</span>
        <span>{health.sandboxes.busy} with a job</span>
        <span>{health.queued} jobs queued</span>
        <span>at most {health.sandboxes.concurrency} run at a time</span>
      </p>
      <p class="hint">
        <code>./vitrine doctor</code>, typed where the server runs, looks at the same from outside, too:
        whether this server is there at all, and the engine as your own user sees it.
      </p>
    </>
  )
}

function ServerAway({ error }: { error: unknown }) {
  return (
    <ul class="findings" role="alert">
      <li data-ok={false}>
        <h2>
          <Mark ok={false} /> Server
        </h2>
        <p>{problemText(error)}</p>
        <p class="fix">
          <b>What to do:</b> type <code>./vitrine up</code> where it runs; <code>./vitrine doctor</code> tells
          what is wrong.
        </p>
      </li>
    </ul>
  )
}

function Mark({ ok }: { ok: boolean }) {
  return (
    <span class="mark-sign" data-tone={ok ? 'good' : 'bad'}>
      <svg viewBox="0 0 16 16" width="18" height="18" aria-hidden="true">
        <circle cx="8" cy="8" r="6.5" />
        <path d={ok ? 'M5 8.3 7.2 10.5 11.2 5.8' : 'M8 4.2v4.6M8 11.2v.4'} />
      </svg>
      <span class="unseen">{ok ? 'Well:' : 'Not well:'}</span>
    </span>
  )
}
