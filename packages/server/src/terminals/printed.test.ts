import type { TerminalOutput } from '@vitrine/contract/terminal.ts'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Printed } from './printed.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function printed(kept: () => number = () => 0) {
  const told: [job: string, output: TerminalOutput][] = []
  const full: string[] = []
  const lost: unknown[] = []
  const all = new Printed({
    kept: async () => kept(),
    tell: (job, output) => told.push([job, output]),
    onFull: (job, message) => full.push(`${job}: ${message}`),
    onLost: (_, error) => lost.push(error),
  })
  return { all, told, full, lost }
}
const bytes = (text: string) => Buffer.from(text)
const second = () => vi.advanceTimersByTimeAsync(1000)

test('what the terminals of a job print is told once a second, and nothing while they print nothing', async () => {
  const { all, told } = printed()
  const [one, two] = [all.watch('job-a'), all.watch('job-a')]
  one.prints(bytes('a\x1b[3'))
  two.prints(bytes('b'))
  one.prints(bytes('1mc'))
  all.watch('job-b').prints(bytes('other'))
  await second()
  expect(told).toEqual([
    ['job-a', { text: 'abc', missing: 0 }],
    ['job-b', { text: 'other', missing: 0 }],
  ])
  await second()
  expect(told).toHaveLength(2)
  one.prints(bytes('late'))
  one[Symbol.dispose]()
  await second()
  expect(told[2]).toEqual(['job-a', { text: 'late', missing: 0 }])
})

test('of what is printed in a second the end is kept, and how much was left out', async () => {
  const { all, told } = printed()
  const terminal = all.watch('job-a')
  for (let n = 0; n < 1000; n++) terminal.prints(bytes(`${n}\n`.padStart(100, 'y')))
  await second()
  const [[, output]] = told as [(typeof told)[0]]
  expect(output.text).toHaveLength(4096)
  expect(output.text.endsWith('999\n')).toBe(true)
  expect(output.missing).toBe(100_000 - 4096)
})

test('a job keeps so much in all, what was kept before it was opened included, and is told once', async () => {
  const { all, told, full } = printed(() => 256 * 1024 - 5000)
  const terminal = all.watch('job-a')
  for (let n = 0; n < 5; n++) {
    terminal.prints(bytes('y'.repeat(5000)))
    await second()
  }
  expect(told).toHaveLength(2)
  expect(full).toEqual(['job-a: What terminals print is kept no longer: it has reached 262144 characters.'])
})

test('a store that can not say how much is kept costs that second, and nothing more', async () => {
  let fails = true
  const { all, told, lost } = printed(() => {
    if (fails) throw new Error('the disk is gone')
    return 0
  })
  const terminal = all.watch('job-a')
  terminal.prints(bytes('lost'))
  await second()
  expect([told.length, lost.length]).toEqual([0, 1])
  fails = false
  terminal.prints(bytes('kept'))
  await second()
  expect(told).toEqual([['job-a', { text: 'kept', missing: 0 }]])
})
