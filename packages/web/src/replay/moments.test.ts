import { expect, test } from 'vitest'
import type { JobEvent } from '../site.ts'
import { momentsOf } from './moments.ts'

const begin = Date.parse('2030-01-01T00:00:00Z')
const recording = { run: 2, startedAt: new Date(begin).toISOString() }
let seq = 0
const at = (seconds: number, event: Pick<JobEvent, 'type' | 'data'>, run = 2) =>
  ({ seq: ++seq, at: new Date(begin + seconds * 1000).toISOString(), run, ...event }) as JobEvent
const control = (holder: string | null) =>
  ({ type: 'control.changed', data: { holder, how: 'taken' } }) as const
const input = (keys: number, clicks: number) =>
  ({ type: 'control.input', data: { holder: 'ann', keys, clicks } }) as const

test('who drove is a stretch of the time line, with how much was typed and clicked, not what', () => {
  const events = [
    at(1, control('other'), 1),
    at(2, control('ann')),
    at(7, input(30, 1)),
    at(9, input(4, 0)),
    at(9, control('bob')),
    at(11, input(0, 1)),
    at(12, control(null)),
    at(20, control('ann')),
  ]
  expect(momentsOf(events, recording)).toEqual([
    { time: 2000, until: 9000, text: 'Somebody drove: 34 keys, 1 click', tone: 'person' },
    { time: 9000, until: 12_000, text: 'Somebody drove: 0 keys, 1 click', tone: 'person' },
    { time: 20_000, until: Infinity, text: 'Somebody drove: 0 keys, 0 clicks', tone: 'person' },
  ])
})

test('what happened and who drove stand in the order of time', () => {
  const saved = { type: 'file.saved', data: { path: 'a.py', bytes: 1 } } as const
  const events = [at(5, saved), at(1, control('ann')), at(3, control(null))]
  expect(momentsOf(events, recording).map(({ time }) => time)).toEqual([1000, 5000])
})
