import { isFinal } from '@vitrine/sdk/jobs.ts'
import { useState } from 'preact/hooks'
import { desktopPath } from '../address.ts'
import { useDeleteLater } from '../delete-later.ts'
import { ShareDialog } from '../share-dialog.tsx'
import type { Job, Site } from '../site.ts'
import { UndoBar } from '../undo-bar.tsx'
import { problemText, secondsBetween } from '../words.ts'
import { RepeatDialog } from './repeat-dialog.tsx'

/** What can be done with the job in its present state. */
export function JobActions(props: { site: Site; job: Job; onChange: () => void }) {
  const { site, job } = props
  const { jobs } = site.vitrine
  const [problem, setProblem] = useState('')
  const [said, setSaid] = useState('')
  const [isBusy, setBusy] = useState(false)
  const deletion = useDeleteLater(site, job.id, (error) => setProblem(problemText(error)))

  const run = async (action: () => Promise<unknown>, wayBack: string) => {
    setBusy(true)
    setProblem('')
    setSaid('')
    try {
      await action()
      setSaid(wayBack)
      props.onChange()
    } catch (error) {
      setProblem(problemText(error))
    } finally {
      setBusy(false)
    }
  }
  const button = (word: string, action: () => Promise<unknown>, wayBack = '') => (
    <button type="button" disabled={isBusy} onClick={() => void run(action, wayBack)}>
      {word}
    </button>
  )

  const { at } = deletion
  if (at !== null) return <UndoBar deletion={{ ...deletion, at }} />
  const hasEnded = isFinal(job.state)
  const desktop = job.desktop.state
  return (
    <div class="actions">
      <div class="buttons" role="group" aria-label="Actions">
        {!hasEnded &&
          button(
            'Cancel the work',
            () => jobs.cancel(job.id),
            'The work is canceled. Run again begins it anew.',
          )}
        {desktop !== 'closed' &&
          button('Stop', () => jobs.stop(job.id), 'Its files are kept, and the desktop can be opened again.')}
        {hasEnded && desktop === 'closed' && button('Open the desktop', () => jobs.open(job.id))}
        {hasEnded && desktop === 'live' && button('Keep it an hour longer', () => keepLonger(site, job))}
        {hasEnded && button('Run again', () => jobs.restart(job.id))}
        {hasEnded && (
          <RepeatDialog
            disabled={isBusy}
            onRepeat={(mode) => void run(() => jobs.restart(job.id, { mode }), '')}
          />
        )}
        {desktop === 'live' && (
          <a class="button" href={desktopPath(site.base, job.id)} target="_blank" rel="noopener">
            Desktop in its own tab
          </a>
        )}
        {desktop === 'live' && <ShareDialog site={site} id={job.id} />}
        <button type="button" class="danger" disabled={isBusy} onClick={deletion.begin}>
          Delete
        </button>
      </div>
      <p role="status" class="hint">
        {said}
      </p>
      <p role="alert" class="problem">
        {problem}
      </p>
    </div>
  )
}

/** An hour on top of what is left. */
function keepLonger(site: Site, job: Job): Promise<Job> {
  const left = job.desktop.expiresAt === null ? 0 : -secondsBetween(job.desktop.expiresAt, Date.now())
  return site.vitrine.jobs.extend(job.id, Math.ceil(Math.max(0, left)) + 3600)
}
