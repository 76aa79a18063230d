import { useEffect, useRef, useState } from 'preact/hooks'
import type { ComponentChildren } from 'preact'
import { clock } from '../clock.ts'
import { problemText } from '../words.ts'
import type { Moment } from './moments.ts'
import { Playback, type PlaybackState, type Source } from './playback.ts'
import type { Printed } from './printed.ts'
import { TerminalText } from './terminal-text.tsx'
import { Moments, TimeLine } from './time-line.tsx'

type PlayerProps = {
  /** Another one begins anew. */
  source: Source
  /** Milliseconds; may grow. */
  duration: number
  /** Without any, none are listed. */
  moments?: readonly Moment[]
  /** Without it, terminals are not spoken of. */
  printed?: readonly Printed[]
  label: string
  /** Where to begin, in milliseconds; another one is gone to. */
  start: number
  /** What else the bar has, for the present time. */
  actions?: (time: number) => ComponentChildren
}

const speeds = [1, 2, 4, 8, 16]
const arrowStep = 5000

/** Plays a recording: picture, time line with what happened on it, speed, and a list of moments to jump to. */
export function Player({ source, duration, moments, printed, label, start, actions }: PlayerProps) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const playback = useRef<Playback>(undefined)
  const [state, setState] = useState<PlaybackState>()
  const [speed, setSpeed] = useState(1)
  const [skipsStill, setSkipsStill] = useState(false)

  useEffect(() => {
    if (!canvas.current) return undefined
    const made = new Playback(canvas.current, { source, duration, onChange: setState })
    playback.current = made
    return () => made[Symbol.dispose]()
  }, [source])
  useEffect(() => {
    if (playback.current) Object.assign(playback.current, { duration, speed, skipsStill })
  }, [source, duration, speed, skipsStill])
  useEffect(() => playback.current?.seek(start), [source, start])

  const { time = 0, isPlaying = false, isShown = false, problem } = state ?? {}
  const seek = (to: number) => playback.current?.seek(to)
  const toggle = () => (isPlaying ? playback.current?.pause() : playback.current?.play())
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target !== event.currentTarget) return
    if (event.key === ' ') toggle()
    else if (event.key === 'ArrowLeft') seek(time - arrowStep)
    else if (event.key === 'ArrowRight') seek(time + arrowStep)
    else if (event.key === 'Home') seek(0)
    else if (event.key === 'End') seek(duration)
    else return
    event.preventDefault()
  }

  return (
    <div class="player" data-shown={isShown ? Math.round(time) : undefined} data-playing={isPlaying}>
      <div
        class="player-glass"
        tabIndex={0}
        role="group"
        aria-label={`${label}. Space plays and pauses, the arrows go five seconds.`}
        onKeyDown={onKeyDown}
      >
        <canvas ref={canvas} role="img" aria-label={`${label} at ${clock(time)}`} />
      </div>
      {problem !== undefined && (
        <p class="problem" role="status">
          {problemText(problem)}
        </p>
      )}
      <TimeLine {...{ time, duration, moments, seek }} />
      <div class="player-bar">
        <button type="button" onClick={toggle}>
          {isPlaying ? 'Pause' : 'Play'}
        </button>
        <span class="player-time">
          {clock(time)} of {clock(duration)}
        </span>
        <label>
          Speed
          <select value={speed} onChange={(event) => setSpeed(Number(event.currentTarget.value))}>
            {speeds.map((one) => (
              <option key={one} value={one}>
                {one} ×
              </option>
            ))}
          </select>
        </label>
        <label>
          <input
            type="checkbox"
            checked={skipsStill}
            onChange={(event) => setSkipsStill(event.currentTarget.checked)}
          />
          Skip what stands still
        </label>
        {actions && <div class="player-actions">{actions(time)}</div>}
      </div>
      {printed && <TerminalText printed={printed} time={time} />}
      {moments && <Moments moments={moments} seek={seek} />}
    </div>
  )
}
