import { useEffect, useState } from 'preact/hooks'
import { usePolled } from '../polled.ts'
import type { Control, ControlCalls } from './control-calls.ts'
import { Quality } from './quality.tsx'

/** How many of the last answers tell the connection’s quality. */
const answersKept = 5

/** Who drives the desktop, and what this page’s viewer can do about it. */
export function ControlBar(props: {
  calls: ControlCalls
  isViewOnly: boolean
  setViewOnly: (viewOnly: boolean) => void
  /** Called with true as this viewer begins to drive. */
  onDriving: (drives: boolean) => void
  onError: (error: unknown) => void
}) {
  const { calls, isViewOnly, setViewOnly, onDriving, onError } = props
  const [answers, setAnswers] = useState<readonly number[]>([])
  const { value, error, again } = usePolled('control', 1000, async (signal) => {
    const began = performance.now()
    const read = await calls.read(signal)
    const took = performance.now() - began
    setAnswers((answers) => [...answers, took].slice(-answersKept))
    return read
  })
  const [control, setControl] = useState<Control>()
  const [problem, setProblem] = useState('')
  useEffect(() => setControl(value), [value])
  useEffect(() => {
    if (error !== undefined) onError(error)
  }, [error])
  const drives = control?.holder != null && control.holder === control.you
  useEffect(() => onDriving(drives), [drives])

  const run = async (call: Promise<Control>) => {
    setProblem('')
    try {
      setControl(await call)
    } catch (thrown) {
      setProblem(thrown instanceof Error ? thrown.message : String(thrown))
    }
    again()
  }
  const button = (word: string, call: () => Promise<Control>) => (
    <button type="button" key={word} onClick={() => void run(call())}>
      {word}
    </button>
  )
  const drive = () => {
    setViewOnly(false)
    return calls.change('take')
  }
  const watchOnly = () => {
    setViewOnly(!isViewOnly)
    if (drives) void run(calls.change('release'))
    else if (isViewOnly && control?.holder === null) void run(calls.change('take'))
  }

  if (!control) return <div class="control" />
  const asks = control.requests.includes(control.you ?? '')
  return (
    <div class="control" role="group" aria-label="Control" data-drives={drives}>
      <p role="status">
        {(!control.mayDrive || isViewOnly) && <span class="badge">View only</span>}{' '}
        {control.mayDrive && driveWord(control)}
        {drives && control.requests.length > 0 && ' · Somebody asks to drive'}
        {asks && ' · You asked to drive'}
      </p>
      {control.mayDrive && (
        <>
          {drives && others(control).map(([word, id]) => button(word, () => calls.give(id)))}
          {drives && button('Give back', () => calls.change('release'))}
          {!drives && control.holder === null && button('Drive', drive)}
          {!drives &&
            control.holder !== null &&
            !asks &&
            button('Ask to drive', () => calls.change('request'))}
          {asks && button('Ask no more', () => calls.change('release'))}
          {!drives && control.holder !== null && button('Take over', drive)}
          <button type="button" aria-pressed={isViewOnly} onClick={watchOnly}>
            View only
          </button>
        </>
      )}
      <Quality answers={answers} />
      <p role="alert" class="problem">
        {problem}
      </p>
    </div>
  )
}

function driveWord({ holder, you }: Control): string {
  if (holder === null) return 'Nobody drives'
  return holder === you ? 'You drive' : 'Someone else drives'
}

/** To whom this viewer can hand over: first who asks. */
function others({ viewers, requests, you }: Control): [word: string, id: string][] {
  const numbered = viewers.map(({ id, mayDrive }, index) => ({ id, mayDrive, number: index + 1 }))
  return numbered
    .filter(({ id, mayDrive }) => mayDrive && id !== you)
    .toSorted((a, b) => Number(requests.includes(b.id)) - Number(requests.includes(a.id)))
    .slice(0, 4)
    .map(({ id, number }) => [
      requests.includes(id) ? `Let viewer ${number} drive, who asks` : `Hand over to viewer ${number}`,
      id,
    ])
}
