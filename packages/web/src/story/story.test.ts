import { expect, test } from 'vitest'
import type { JobEvent } from '../site.ts'
import { emptyStory, tell, type Entry } from './story.ts'

type Body = {
  [Type in JobEvent['type']]: Pick<Extract<JobEvent, { type: Type }>, 'type' | 'data'>
}[JobEvent['type']]

const numbered = (bodies: Body[], run = 1, from = 1): JobEvent[] =>
  bodies.map((body, index) => ({ seq: from + index, at: '2026-01-01T00:00:00Z', run, ...body }))

const begun: Body = {
  type: 'candidate.started',
  data: { candidate: 1, style: 'chat', kind: 'first', model: 'm', temperature: 0.6, thinks: false, seed: 1 },
}
const words = (text: string): Body => ({ type: 'candidate.text', data: { candidate: 1, text } })
const waiting = (message: string | null): Body => ({
  type: 'job.waiting',
  data: { waiting: message === null ? null : { for: 'slot', message } },
})
const kinds = (entries: readonly Entry[]) => entries.map((entry) => entry.kind)

test('a candidate gathers its words, its end and its checks', () => {
  const result = {
    check: 'runs',
    passed: true,
    exitCode: 0,
    timedOut: false,
    seconds: 0.1,
    output: '1\n',
  } as const
  const { entries } = tell(
    emptyStory,
    numbered([
      begun,
      { type: 'candidate.thinking', data: { candidate: 1, text: 'Hm. ' } },
      words('print'),
      words('(1)'),
      {
        type: 'candidate.finished',
        data: {
          candidate: 1,
          tokensIn: 5,
          tokensOut: 3,
          seconds: 1,
          doneReason: 'stop',
          program: 'print(1)',
        },
      },
      { type: 'check.started', data: { candidate: 1, check: 'runs' } },
      { type: 'check.finished', data: { candidate: 1, result } },
    ]),
  )
  expect(entries).toHaveLength(1)
  expect(entries[0]).toMatchObject({ thinking: 'Hm. ', text: 'print(1)', checks: [result], checking: null })
})

test('events that were told before change nothing', () => {
  const events = numbered([begun, words('a'), words('b')])
  const once = tell(emptyStory, events)
  expect(tell(once, events)).toEqual(once)
  expect(tell(tell(emptyStory, events.slice(0, 2)), events)).toEqual(once)
})

test('a wait is one entry, however often its message changes, and then it is over', () => {
  const { entries } = tell(
    emptyStory,
    numbered([waiting('2 before'), waiting('1 before'), waiting(null), waiting(null)]),
  )
  expect(entries).toMatchObject([{ kind: 'wait', message: '1 before', isOver: true }])
})

test('the end of a job ends its waits', () => {
  const canceled: Body = { type: 'job.state', data: { from: 'queued', to: 'canceled', reason: null } }
  const { entries } = tell(emptyStory, numbered([waiting('2 before'), canceled]))
  expect(entries[0]).toMatchObject({ kind: 'wait', isOver: true })
})

test('windows that open one after the other are one entry', () => {
  const opened = (program: string): Body => ({ type: 'desktop.window', data: { program } })
  const { entries } = tell(emptyStory, numbered([opened('gedit'), opened('xterm')]))
  expect(entries).toMatchObject([{ kind: 'windows', programs: ['gedit', 'xterm'] }])
})

test('a second run begins a part of its own, and its first candidate is another one', () => {
  const first = tell(emptyStory, numbered([begun, words('old')]))
  const { entries } = tell(first, numbered([begun, words('new')], 2, 3))
  expect(kinds(entries)).toEqual(['candidate', 'run', 'candidate'])
  expect(entries[0]).toMatchObject({ text: 'old' })
  expect(entries[2]).toMatchObject({ text: 'new' })
})

test('milestones are news, words are not', () => {
  const state: Body = {
    type: 'job.state',
    data: {
      from: 'running',
      to: 'failed',
      reason: { code: 'no_program', message: 'No answer held a program.' },
    },
  }
  expect(tell(emptyStory, numbered([state, words('x')])).news).toBe('Failed. No answer held a program.')
})

test('hosts that were reached and refused are notes, and refusals stand out', () => {
  const attempt = {
    method: 'CONNECT',
    host: 'docs.example.org',
    port: 443,
    allowed: true,
    why: null,
    address: null,
    bytesSent: 1,
    bytesReceived: 2000,
    seconds: 1,
    count: 1,
    open: false,
  }
  const refused = {
    ...attempt,
    host: 'evil.example',
    allowed: false,
    why: 'the job did not ask for this host',
    count: 3,
  }
  const { entries } = tell(
    emptyStory,
    numbered([
      { type: 'egress.attempt', data: attempt },
      { type: 'egress.attempt', data: refused },
      { type: 'egress.more', data: { allowed: 1, refused: 2 } },
    ]),
  )
  expect(entries).toMatchObject([
    { tone: 'plain', text: expect.stringMatching(/^Reached CONNECT docs\.example\.org:443, /) as string },
    {
      tone: 'warning',
      text: 'Refused CONNECT evil.example:443 (3 times): the job did not ask for this host',
    },
    { tone: 'warning', text: 'And 1 more connections, 2 more refusals' },
  ])
})
