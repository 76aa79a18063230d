import { useEffect, useRef, useState } from 'preact/hooks'
import { labelQuery, readLabel, stateChoices, type WallFilter } from './filter.ts'

const typingMilliseconds = 200

type Change = (changes: Record<string, string | readonly string[] | null>, how?: 'push' | 'replace') => void

/** Chooses which jobs the wall shows; what is chosen stands in the address. */
export function Toolbar({ filter, change }: { filter: WallFilter; change: Change }) {
  const chosen = filter.state.join(',')
  return (
    <search class="toolbar">
      <div class="filters" role="group" aria-label="Show which jobs">
        {stateChoices.map(({ word, states }) => (
          <button
            key={word}
            type="button"
            aria-pressed={chosen === states.join(',')}
            onClick={() => change({ state: states.join(',') || null })}
          >
            {word}
          </button>
        ))}
      </div>
      <TextField text={filter.text} change={change} />
      <LabelField labels={filter.labels} change={change} />
    </search>
  )
}

/** Filters as it is typed in, a moment after the last letter. */
function TextField({ text, change }: { text: string; change: Change }) {
  const [typed, setTyped] = useState(text)
  const last = useRef(text)
  useEffect(() => {
    // The history went to another filter.
    if (text !== last.current) setTyped(text)
    last.current = text
  }, [text])
  useEffect(() => {
    if (typed === last.current) return undefined
    const timer = setTimeout(() => {
      last.current = typed
      change({ q: typed || null }, 'replace')
    }, typingMilliseconds)
    return () => clearTimeout(timer)
  }, [typed, change])
  return (
    <input
      class="text-filter"
      type="search"
      aria-label="Words in task, name or id"
      placeholder="Words in task, name or id"
      maxLength={200}
      value={typed}
      onInput={(event) => setTyped(event.currentTarget.value)}
    />
  )
}

function LabelField({ labels, change }: { labels: WallFilter['labels']; change: Change }) {
  const [typed, setTyped] = useState('')
  const [problem, setProblem] = useState('')
  const add = (event: SubmitEvent) => {
    event.preventDefault()
    const label = readLabel(typed)
    setProblem(label ? '' : 'Write a label as key=value.')
    if (!label) return
    setTyped('')
    change({ label: labelQuery({ ...labels, [label[0]]: label[1] }) })
  }
  const without = (key: string) =>
    labelQuery(Object.fromEntries(Object.entries(labels).filter(([other]) => other !== key)))
  return (
    <>
      <form class="label-filter" onSubmit={add}>
        <input
          type="text"
          aria-label="Label, as key=value"
          placeholder="Label, as key=value"
          maxLength={320}
          autoComplete="off"
          autoCapitalize="off"
          value={typed}
          {...(problem && { 'aria-invalid': true, 'aria-describedby': 'label-problem' })}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
        <button type="submit">Add</button>
      </form>
      {Object.entries(labels).map(([key, value]) => (
        <button
          key={key}
          type="button"
          class="chosen-label"
          aria-label={`Remove the label ${key}=${value}`}
          onClick={() => change({ label: without(key) })}
        >
          {key}={value} <span aria-hidden="true">×</span>
        </button>
      ))}
      <p id="label-problem" role="alert" class="problem">
        {problem}
      </p>
    </>
  )
}
