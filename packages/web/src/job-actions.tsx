import { isFinal } from '@vitrine/sdk/jobs.ts'
import { useRef, useState } from 'preact/hooks'
import { desktopPath, jobsPath } from './address.ts'
import { ShareDialog } from './share-dialog.tsx'
import type { Job, Site } from './site.ts'
import { problemText, secondsBetween } from './words.ts'

/** What can be done with the job in its present state. */
export function JobActions(props: { site: Site; job: Job; onChange: () => void }) {
  const { site, job } = props
  const { jobs } = site.vitrine
  const [problem, setProblem] = useState('')
  const [isBusy, setBusy] = useState(false)
  const question = useRef<HTMLDialogElement>(null)

  const run = async (action: () => Promise<unknown>, done = props.onChange) => {
    setBusy(true)
    setProblem('')
    try {
      await action()
      done()
    } catch (error) {
      setProblem(problemText(error))
    } finally {
      setBusy(false)
    }
  }
  const button = (word: string, action: () => Promise<unknown>) => (
    <button type="button" disabled={isBusy} onClick={() => void run(action)}>
      {word}
    </button>
  )

  const hasEnded = isFinal(job.state)
  const desktop = job.desktop.state
  return (
    <div class="actions">
      <div class="buttons" role="group" aria-label="Actions">
        {!hasEnded && button('Cancel the work', () => jobs.cancel(job.id))}
        {desktop !== 'closed' && button('Stop', () => jobs.stop(job.id))}
        {hasEnded && desktop === 'closed' && button('Open the desktop', () => jobs.open(job.id))}
        {hasEnded && desktop === 'live' && button('Keep it an hour longer', () => keepLonger(site, job))}
        {hasEnded && button('Run again', () => jobs.restart(job.id))}
        {desktop === 'live' && (
          <a class="button" href={desktopPath(site.base, job.id)} target="_blank" rel="noopener">
            Desktop in its own tab
          </a>
        )}
        {desktop === 'live' && <ShareDialog site={site} id={job.id} />}
        <button type="button" class="danger" disabled={isBusy} onClick={() => question.current?.showModal()}>
          Delete …
        </button>
      </div>
      <p role="alert" class="problem">
        {problem}
      </p>
      <dialog ref={question} aria-labelledby="delete-question">
        <h2 id="delete-question">Delete this job?</h2>
        <p>Its sandbox, its story and its files go with it. Nothing of it can be brought back.</p>
        <form method="dialog" class="buttons">
          <button type="submit">Keep it</button>
          <button
            type="submit"
            class="danger"
            onClick={() =>
              void run(
                () => jobs.delete(job.id),
                () => site.go(jobsPath(site.base)),
              )
            }
          >
            Delete the job
          </button>
        </form>
      </dialog>
    </div>
  )
}

/** An hour on top of what is left. */
function keepLonger(site: Site, job: Job): Promise<Job> {
  const left = job.desktop.expiresAt === null ? 0 : -secondsBetween(job.desktop.expiresAt, Date.now())
  return site.vitrine.jobs.extend(job.id, Math.ceil(Math.max(0, left)) + 3600)
}
