import { clock } from '../clock.ts'
import { visible } from '../visible.ts'
import type { Moment } from './moments.ts'

/** Where in the recording its picture is, with marks of what happened on it. */
export function TimeLine(props: {
  time: number
  duration: number
  moments: readonly Moment[] | undefined
  seek: (time: number) => void
}) {
  const { time, duration, moments, seek } = props
  return (
    <div class="time-line">
      <svg viewBox={`0 0 ${Math.max(1, duration)} 10`} preserveAspectRatio="none" aria-hidden="true">
        {moments?.map(({ time, until, text, tone }, index) =>
          until === undefined ? null : (
            <rect
              key={index}
              data-tone={tone}
              x={time}
              width={Math.min(until, duration) - time}
              y="0"
              height="10"
            >
              <title>{visible(text)}</title>
            </rect>
          ),
        )}
        {moments?.map((moment, index) => (
          <line key={index} data-tone={moment.tone} x1={moment.time} x2={moment.time} y1="0" y2="10">
            <title>{visible(moment.text)}</title>
          </line>
        ))}
      </svg>
      <input
        type="range"
        aria-label="Moment of the recording"
        aria-valuetext={`${clock(time)} of ${clock(duration)}`}
        min={0}
        max={Math.ceil(duration)}
        step={100}
        value={time}
        onInput={(event) => seek(event.currentTarget.valueAsNumber)}
      />
    </div>
  )
}

/** What happened, to jump to. */
export function Moments({ moments, seek }: { moments: readonly Moment[]; seek: (time: number) => void }) {
  return (
    <details>
      <summary>Moments ({moments.length})</summary>
      <ol class="moments">
        {moments.map((moment, index) => (
          <li key={index}>
            <button type="button" data-tone={moment.tone} onClick={() => seek(moment.time)}>
              <span>{clock(moment.time)}</span> {visible(moment.text)}
            </button>
          </li>
        ))}
      </ol>
    </details>
  )
}
