import { expect, test } from 'vitest'
import type { JobEvent } from '../site.ts'
import { momentsOf } from './moments.ts'
import { printedIn, textOf } from './printed.ts'

const begin = Date.parse('2030-01-01T00:00:00Z')
const recording = { run: 2, startedAt: new Date(begin).toISOString() }
let seq = 0
const printed = (seconds: number, text: string, { run = 2, missing = 0 } = {}) =>
  ({
    seq: ++seq,
    at: new Date(begin + seconds * 1000).toISOString(),
    run,
    type: 'terminal.output',
    data: { text, missing },
  }) as JobEvent

test('what terminals of a run printed stands at its moments, and up to one of them it is one text', () => {
  const events = [printed(1, 'other', { run: 1 }), printed(2, '$ '), printed(4, 'ls\na b\n$ ')]
  const all = printedIn(events, recording)
  expect(all.map(({ time }) => time)).toEqual([2000, 4000])
  expect([textOf(all, 0), textOf(all, 1), textOf(all, 2)]).toEqual(['', '$ ', '$ ls\na b\n$ '])
})

test('what was left out is told where it was', () => {
  const all = printedIn([printed(1, 'a'), printed(2, 'z', { missing: 9 })], recording)
  expect(textOf(all, 2)).toBe('a\n… 9 characters are not kept …\nz')
})

test('of a long text the end is shown', () => {
  const all = printedIn([printed(1, 'a'.repeat(20_000)), printed(2, 'b'.repeat(4000))], recording)
  expect(textOf(all, 2)).toBe('a'.repeat(16 * 1024 - 4000) + 'b'.repeat(4000))
})

test('printing that goes on is one stretch of the time line', () => {
  const events = [1, 2, 6.5, 12, 13].map((second) => printed(second, 'x'))
  expect(momentsOf(events, recording)).toEqual([
    { time: 1000, until: 6500, text: 'A terminal printed', tone: 'terminal' },
    { time: 12_000, until: 13_000, text: 'A terminal printed', tone: 'terminal' },
  ])
})
