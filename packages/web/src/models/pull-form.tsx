import { useEffect, useRef, useState } from 'preact/hooks'
import type { Site } from '../site.ts'
import { problemText, size } from '../words.ts'

type Progress = { status: string; completed?: number | undefined; total?: number | undefined }

/** Has a model server download a model, and shows how far it is. Leaving the page stops it; it goes on where it was when asked again. */
export function PullForm({ site, onDone }: { site: Site; onDone: () => void }) {
  const [name, setName] = useState('')
  const [progress, setProgress] = useState<Progress>()
  const [problem, setProblem] = useState('')
  const [news, setNews] = useState('')
  const running = useRef<AbortController>(null)
  useEffect(() => () => running.current?.abort(), [])

  const pull = async (event: SubmitEvent) => {
    event.preventDefault()
    const model = name.trim()
    setProblem(model === '' ? 'Write a model’s name, such as qwen3:0.6b.' : '')
    if (model === '') return
    const life = new AbortController()
    running.current = life
    setNews('')
    setProgress({ status: 'asking the model server' })
    try {
      for await (const told of site.vitrine.models.pull(model, { signal: life.signal })) setProgress(told)
      setNews(`${model} is there.`)
      setName('')
      onDone()
    } catch (error) {
      if (life.signal.aborted) setNews(`Stopped. Asked again, ${model} goes on where it was.`)
      else setProblem(problemText(error))
    } finally {
      running.current = null
      setProgress(undefined)
    }
  }

  return (
    <form onSubmit={(event) => void pull(event)}>
      <div class="field">
        <label for="pull-name">Name, as the model hub has it</label>
        <div class="pull-row">
          <input
            id="pull-name"
            type="text"
            placeholder="qwen3:0.6b"
            maxLength={200}
            autoComplete="off"
            autoCapitalize="off"
            spellcheck={false}
            value={name}
            readOnly={progress !== undefined}
            onInput={(event) => setName(event.currentTarget.value)}
            aria-describedby={problem ? 'pull-problem' : undefined}
            aria-invalid={problem ? true : undefined}
          />
          {progress ? (
            // A button of its own: the other one, put in its place during the click, would send the form.
            <button key="stop" type="button" onClick={() => running.current?.abort()}>
              Stop
            </button>
          ) : (
            <button key="download" type="submit" class="primary">
              Download
            </button>
          )}
        </div>
        <p id="pull-problem" role="alert" class="problem">
          {problem}
        </p>
      </div>
      <p role="status">{news}</p>
      {progress && <ProgressOf progress={progress} />}
    </form>
  )
}

function ProgressOf({ progress: { status, completed, total } }: { progress: Progress }) {
  const isKnown = completed !== undefined && total !== undefined && total > 0
  return (
    <p class="pull-progress">
      <label for="pull-progress">{status}</label>
      <progress id="pull-progress" {...(isKnown && { value: completed, max: total })} />
      {isKnown && (
        <span>
          {size(completed)} of {size(total)}
        </span>
      )}
    </p>
  )
}
