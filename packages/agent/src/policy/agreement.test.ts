import { expect, test } from 'vitest'
import { agreeing, isSettled } from './agreement.ts'
import type { Tried } from './tried.ts'

type Ran = { printed: string; how?: 'exited' | 'left running' } | 'failed'

function row(...candidates: Ran[]): Tried[] {
  return candidates.map((ran, index): Tried => {
    const run = ran !== 'failed' && {
      how: ran.how ?? ('exited' as const),
      exitCode: 0,
      signal: null,
      seconds: 0,
      lacked: null,
      stdout: ran.printed,
      all: ran.printed,
    }
    const judgement = {
      passed: ran !== 'failed',
      far: 2 as const,
      checks: [],
      complaint: '',
      lacked: null,
      run: run || undefined,
    }
    const asked = {
      number: index + 1,
      kind: 'fresh',
      style: 'chat',
      thinks: false,
      failure: undefined,
    } as const
    return { ...asked, program: 'a program', answer: '', cut: false, judgement }
  })
}
const prints = (printed: string): Ran => ({ printed })

test('two that print the same are enough, whatever stands between', () => {
  expect(isSettled(row(prints('1\n')))).toBe(false)
  expect(isSettled(row(prints('1\n'), 'failed', prints('2\n')))).toBe(false)
  expect(isSettled(row(prints('1\n'), 'failed', prints('2\n'), prints('1  \n\n')))).toBe(true)
})

test('printing nothing agrees with nothing', () => {
  const silent = row(prints(''), prints('\n'))
  expect(isSettled(silent)).toBe(false)
  expect(agreeing(silent[0]!, silent)).toBe(0)
})

test('four that ran are enough, and one that shows a window', () => {
  expect(isSettled(row(prints('1'), prints('2'), prints('3'), prints('4')))).toBe(true)
  expect(isSettled(row('failed', { printed: '', how: 'left running' }))).toBe(true)
})
