import { JobLimits } from '@vitrine/contract/job.ts'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createWaitingBoard } from './waiting.ts'

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => vi.useRealTimers())

const spent = { calls: 0, tokensIn: 0, tokensOut: 0 }
const worker = { sandbox: 'sandbox', job: 'a', run: 1, budget: { limits: JobLimits.parse({}), spent } }

function board() {
  const told: (string | null)[] = []
  const board = createWaitingBoard((_, waiting) => told.push(waiting?.message ?? null))
  return { told, begin: () => board.begin(worker) }
}

test('a wait that goes on is told of with its seconds, and that it ended', () => {
  const { told, begin } = board()
  const call = begin()
  call.counts('loading model', performance.now(), 2000)
  vi.advanceTimersByTime(12_500)
  call.ends()
  vi.advanceTimersByTime(60_000)
  expect(told).toEqual(['loading model (2 s)', 'loading model (7 s)', 'loading model (12 s)', null])
})

test('a quick answer is not told of', () => {
  const { told, begin } = board()
  const call = begin()
  call.counts('loading model', performance.now(), 2000)
  vi.advanceTimersByTime(1900)
  call[Symbol.dispose]()
  vi.advanceTimersByTime(60_000)
  expect(told).toEqual([])
})

test('a job of two calls does not wait while one of them is answered', () => {
  const { told, begin } = board()
  const answered = begin()
  answered.ends()
  const second = begin()
  second.says('queued at 2')
  vi.advanceTimersByTime(1000)
  expect(told).toEqual([])
  answered[Symbol.dispose]()
  expect(told).toEqual(['queued at 2'])
  second[Symbol.dispose]()
  expect(told).toEqual(['queued at 2', null])
})

test('a call that stands behind another one of its job does not hide what that one waits for', () => {
  const { told, begin } = board()
  const first = begin()
  first.says('queued at 3')
  vi.advanceTimersByTime(1000)
  begin()
  first.says('queued at 2')
  vi.advanceTimersByTime(1000)
  expect(told).toEqual(['queued at 3', 'queued at 2'])
})

test('the same reason is told once', () => {
  const { told, begin } = board()
  const call = begin()
  call.says('queued at 2')
  vi.advanceTimersByTime(1000)
  call.says('queued at 2')
  vi.advanceTimersByTime(1000)
  expect(told).toEqual(['queued at 2'])
})

test('a row that moves fast is told of four times a second, with the latest place', () => {
  const { told, begin } = board()
  const call = begin()
  for (let place = 40; place > 20; place--) {
    call.says(`queued at ${place}`)
    vi.advanceTimersByTime(30)
  }
  expect(told).toEqual(['queued at 37', 'queued at 28'])
})
