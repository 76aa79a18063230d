import type { JobEvent } from '../site.ts'
import { checkWord, outcomeWord, stateWord } from '../words.ts'

/** Something that happened at so many milliseconds of a recording, or from then `until` then. */
export type Moment = {
  time: number
  until?: number
  text: string
  tone: 'plain' | 'good' | 'bad' | 'person' | 'terminal'
}

/** What was printed within so many milliseconds is one stretch. */
const samePrinting = 5000

/** The events of a run that a person may want to look back at, on the recording's axis of time. */
export function momentsOf(
  events: readonly JobEvent[],
  recording: { run: number; startedAt: string },
): Moment[] {
  const begin = Date.parse(recording.startedAt)
  const ofRun = events.filter(({ run }) => run === recording.run)
  const timeOf = (event: JobEvent) => Math.max(0, Date.parse(event.at) - begin)
  const happened = ofRun.flatMap((event): Moment[] => {
    const told = momentOf(event)
    if (!told) return []
    const [text, tone = 'plain'] = told
    return [{ time: timeOf(event), text, tone }]
  })
  return [...happened, ...drives(ofRun, timeOf), ...prints(ofRun, timeOf)].toSorted((a, b) => a.time - b.time)
}

/** When somebody drove, and how much they typed and clicked; what, nobody has kept. */
function drives(events: readonly JobEvent[], timeOf: (event: JobEvent) => number): Moment[] {
  const all: { time: number; until: number; keys: number; clicks: number }[] = []
  for (const event of events) {
    const last = all.at(-1)
    if (event.type === 'control.input' && last) {
      last.keys += event.data.keys
      last.clicks += event.data.clicks
    }
    if (event.type !== 'control.changed') continue
    if (last?.until === Infinity) last.until = timeOf(event)
    if (event.data.holder !== null) all.push({ time: timeOf(event), until: Infinity, keys: 0, clicks: 0 })
  }
  return all.map(({ time, until, keys, clicks }) => ({
    time,
    until,
    text: `Somebody drove: ${keys} ${keys === 1 ? 'key' : 'keys'}, ${clicks} ${clicks === 1 ? 'click' : 'clicks'}`,
    tone: 'person',
  }))
}

/** Stretches of time in which terminals printed. */
function prints(events: readonly JobEvent[], timeOf: (event: JobEvent) => number): Moment[] {
  const all: { time: number; until: number }[] = []
  for (const event of events.filter(({ type }) => type === 'terminal.output')) {
    const [last, time] = [all.at(-1), timeOf(event)]
    if (last && time - last.until < samePrinting) last.until = time
    else all.push({ time, until: time })
  }
  return all.map((stretch) => ({ ...stretch, text: 'A terminal printed', tone: 'terminal' }))
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
