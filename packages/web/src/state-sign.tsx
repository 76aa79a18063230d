import type { JobState } from './site.ts'
import { stateWord } from './words.ts'

/** A job's state as a sign and a word, so that colour is never all there is. */
export function StateSign({ state }: { state: JobState }) {
  return (
    <span class="state" data-state={state}>
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        <circle cx="8" cy="8" r="6.5" />
        <path d={marks[state]} />
      </svg>
      {stateWord[state]}
    </span>
  )
}

const marks: Record<JobState, string> = {
  queued: 'M8 4.5V8l2.5 1.5',
  starting: 'M8 1.5a6.5 6.5 0 0 1 0 13',
  running: 'M6.5 5v6l4.5-3z',
  succeeded: 'M5 8.3 7.2 10.5 11.2 5.8',
  failed: 'M5.5 5.5l5 5m0-5l-5 5',
  canceled: 'M5 8h6',
}
