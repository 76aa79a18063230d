import { isFinal } from '@vitrine/sdk/jobs.ts'
import { useState } from 'preact/hooks'
import type { Job, Site } from '../site.ts'
import { problemText } from '../words.ts'

/** Asks for a change of the program that a job made: a new run in the same sandbox. */
export function PromptBox(props: { site: Site; job: Job; onChange: () => void }) {
  const { site, job, onChange } = props
  const [prompt, setPrompt] = useState('')
  const [problem, setProblem] = useState('')
  const [isBusy, setBusy] = useState(false)
  const canAsk = isFinal(job.state) && job.desktop.state === 'live'

  const ask = async () => {
    setBusy(true)
    setProblem('')
    try {
      await site.vitrine.jobs.prompt(job.id, { prompt })
      setPrompt('')
      onChange()
    } catch (error) {
      setProblem(problemText(error))
    } finally {
      setBusy(false)
    }
  }
  const submit = (event: Event) => {
    event.preventDefault()
    if (canAsk && !isBusy && prompt.trim() !== '') void ask()
  }

  return (
    <form class="prompt-box" onSubmit={submit}>
      <label for="prompt">What should be changed?</label>
      <textarea
        id="prompt"
        rows={2}
        value={prompt}
        disabled={!canAsk}
        placeholder={canAsk ? 'Now make it a window' : undefined}
        aria-describedby="prompt-hint"
        onInput={(event) => setPrompt(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) submit(event)
        }}
      />
      <p id="prompt-hint" class="hint">
        {hint(job)}
      </p>
      <p role="alert" class="problem">
        {problem}
      </p>
      <button type="submit" class="primary" disabled={!canAsk || isBusy || prompt.trim() === ''}>
        Ask for it
      </button>
    </form>
  )
}

function hint(job: Job): string {
  if (!isFinal(job.state)) return 'Changes can be asked for when this run has ended.'
  if (job.desktop.state !== 'live')
    return 'Open the desktop to ask for changes: they are made in its sandbox.'
  return 'The model goes on with the program as it is now. Control and Enter send it.'
}
