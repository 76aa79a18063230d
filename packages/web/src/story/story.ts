import { isFinal } from '@vitrine/sdk/jobs.ts'
import type { JobEvent, Verdict } from '../site.ts'
import { stateWord } from '../words.ts'
import { candidateOf, changed, type Candidate, type CandidateEvent } from './candidate.ts'
import { desktopNote, egressNote, news } from './notes.ts'

export type Tone = 'plain' | 'good' | 'bad' | 'warning'

export type Entry = { key: number; at: string } & (
  | Candidate
  | { kind: 'run'; run: number }
  | { kind: 'note'; tone: Tone; text: string }
  | { kind: 'windows'; programs: readonly string[] }
  | { kind: 'wait'; message: string; isOver: boolean }
  | { kind: 'verdict'; run: number; verdict: Verdict; message: string | null }
)

/** What a run's model calls took so far, in seconds: in the queue, and at their turn. */
export type CallTimes = { waited: number; answered: number }

/**
 * A job's events as a person reads them. `seq` is the last event that is in it; `times` those of the run `run`; `news` the
 * last thing worth saying aloud.
 */
export type Story = {
  seq: number
  run: number
  entries: readonly Entry[]
  times: CallTimes
  news: string
}

const noTime: CallTimes = { waited: 0, answered: 0 }
export const emptyStory: Story = { seq: 0, run: 0, entries: [], times: noTime, news: '' }

/** Tells the story on with the next events. What it already holds is passed over. */
export function tell(story: Story, events: readonly JobEvent[]): Story {
  return events.reduce((told, event) => (event.seq > told.seq ? tellOne(told, event) : told), story)
}

function tellOne(story: Story, event: JobEvent): Story {
  const begun = event.run === story.run ? story : beginRun(story, event)
  const told = { ...begun, seq: event.seq, news: news(event) ?? begun.news }
  const add = (entry: EntryBody): Story => ({
    ...told,
    entries: [...told.entries, { key: event.seq, at: event.at, ...entry }],
  })
  const note = (text: string, tone: Tone = 'plain') => add({ kind: 'note', text, tone })

  switch (event.type) {
    case 'job.state': {
      const { to, reason } = event.data
      const tone = to === 'succeeded' ? 'good' : to === 'failed' ? 'bad' : 'plain'
      const noted = note(reason ? `${stateWord[to]}: ${reason.message}` : stateWord[to], tone)
      return isFinal(to) ? wait(noted, event, undefined) : noted
    }
    case 'job.prompted':
      return note(`Asked: ${event.data.prompt}`)
    case 'job.waiting':
    case 'model.waiting':
      return wait(told, event, event.data.waiting?.message)
    case 'candidate.asked':
    case 'job.phase':
    case 'model.generating':
    case 'control.changed':
    case 'control.input':
    case 'terminal.output':
      return told
    case 'model.called': {
      const { waited, answered } = told.times
      const { data } = event
      return { ...told, times: { waited: waited + data.waited, answered: answered + data.seconds } }
    }
    case 'candidate.started':
      return add(candidateOf(event))
    case 'candidate.thinking':
    case 'candidate.text':
    case 'candidate.finished':
    case 'check.started':
    case 'check.finished':
      return { ...told, entries: changeCandidate(told.entries, event) }
    case 'file.saved':
      return note(`Saved ${event.data.path}`)
    case 'file.versioned':
      return note(`${event.data.path} was changed by hand; its text is kept as ${event.data.version}`)
    case 'egress.attempt':
      return note(egressNote(event.data), event.data.allowed && event.data.why === null ? 'plain' : 'warning')
    case 'egress.more':
      return note(
        `And ${event.data.allowed} more connections, ${event.data.refused} more refusals`,
        'warning',
      )
    case 'desktop.window':
      return addWindow(told, event, event.data.program)
    case 'verdict':
      return add({
        kind: 'verdict',
        run: event.run,
        verdict: event.data.verdict,
        message: event.data.reason?.message ?? null,
      })
    case 'desktop.state':
      return note(desktopNote(event.data.to, event.data.message))
    case 'files.kept': {
      const { files, skipped } = event.data
      const kept = note(`Kept ${files} ${files === 1 ? 'file' : 'files'}`)
      return skipped.length === 0
        ? kept
        : { ...kept, entries: [...kept.entries, skippedNote(event, skipped)] }
    }
  }
  return note(event.data.message, logTone[event.data.level])
}

type EntryBody = Entry extends infer One ? (One extends Entry ? Omit<One, 'key' | 'at'> : never) : never
function beginRun(story: Story, { run, seq, at }: JobEvent): Story {
  const entries: Entry[] = run === 1 ? [] : [{ key: -seq, at, kind: 'run', run }]
  return { ...story, run, times: noTime, entries: [...story.entries, ...entries] }
}

function changeCandidate(entries: readonly Entry[], event: CandidateEvent): readonly Entry[] {
  const last = entries.findLastIndex(
    (entry) => entry.kind === 'candidate' && entry.number === event.data.candidate,
  )
  const entry = entries[last]
  return entry?.kind === 'candidate' ? entries.with(last, { ...entry, ...changed(entry, event) }) : entries
}

/** One entry for each wait: its message may change (a place in a queue), then it is over. */
function wait(story: Story, { seq, at }: JobEvent, message: string | undefined): Story {
  const last = story.entries.findLast((entry) => entry.kind === 'wait')
  const isOpen = last !== undefined && !last.isOver
  if (message === undefined && !isOpen) return story
  if (!isOpen) {
    const entry: Entry = { key: seq, at, kind: 'wait', message: message ?? '', isOver: false }
    return { ...story, entries: [...story.entries, entry] }
  }
  const changed = { ...last, message: message ?? last.message, isOver: message === undefined }
  return { ...story, entries: story.entries.map((entry) => (entry === last ? changed : entry)) }
}

/** Windows that open one after the other are one entry. */
function addWindow(story: Story, { seq, at }: JobEvent, program: string): Story {
  const last = story.entries.at(-1)
  const entry: Entry =
    last?.kind === 'windows'
      ? { ...last, programs: [...last.programs, program] }
      : { key: seq, at, kind: 'windows', programs: [program] }
  const before = last?.kind === 'windows' ? story.entries.slice(0, -1) : story.entries
  return { ...story, entries: [...before, entry] }
}

const logTone = { info: 'plain', warning: 'warning', error: 'bad' } as const

function skippedNote({ seq, at }: JobEvent, skipped: readonly string[]): Entry {
  return { key: seq + 0.5, at, kind: 'note', tone: 'warning', text: `Passed over: ${skipped.join(', ')}` }
}
