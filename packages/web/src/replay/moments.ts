import type { JobEvent } from '../site.ts'
import { checkWord, outcomeWord, stateWord } from '../words.ts'

/** Something that happened, at so many milliseconds of a recording. */
export type Moment = { time: number; text: string; tone: 'plain' | 'good' | 'bad' }

/** The events of a run that a person may want to look back at, on the recording's axis of time. */
export function momentsOf(
  events: readonly JobEvent[],
  recording: { run: number; startedAt: string },
): Moment[] {
  const begin = Date.parse(recording.startedAt)
  return events.flatMap((event) => {
    const told = event.run === recording.run ? momentOf(event) : undefined
    if (!told) return []
    const [text, tone = 'plain'] = told
    return [{ time: Math.max(0, Date.parse(event.at) - begin), text, tone }]
  })
}

function momentOf(event: JobEvent): [text: string, tone?: Moment['tone']] | undefined {
  switch (event.type) {
    case 'job.state': {
      const { to, reason } = event.data
      const tone = to === 'succeeded' ? 'good' : to === 'failed' ? 'bad' : 'plain'
      return [reason ? `${stateWord[to]}: ${reason.message}` : stateWord[to], tone]
    }
    case 'candidate.started':
      return [`Candidate ${event.data.candidate} has begun`]
    case 'candidate.finished':
      return [`Candidate ${event.data.candidate} is written`]
    case 'check.finished': {
      const { check, passed } = event.data.result
      return [`${checkWord[check]}: ${passed ? 'yes' : 'no'}`, passed ? 'good' : 'bad']
    }
    case 'file.saved':
      return [`Saved ${event.data.path}`]
    case 'desktop.window':
      return [`Opened ${event.data.program}`]
    case 'verdict': {
      const { outcome } = event.data.verdict
      return [`Verdict: ${outcomeWord[outcome]}`, outcome === 'failed' ? 'bad' : 'good']
    }
    case 'desktop.state':
      return [`The desktop is ${event.data.to}`]
    case 'log':
      return event.data.level === 'info'
        ? undefined
        : [event.data.message, event.data.level === 'error' ? 'bad' : 'plain']
    default:
      return undefined
  }
}
