import { expect, test, vi } from 'vitest'
import { TimeLimit, WorkClock } from './work-clock.ts'

test('time stands still while the job waits', () => {
  vi.useFakeTimers()
  using clock = new WorkClock(10)
  vi.advanceTimersByTime(4000)
  clock.pause()
  clock.pause()
  vi.advanceTimersByTime(60_000)
  expect(clock.remaining()).toBeCloseTo(6)
  clock.resume()
  vi.advanceTimersByTime(5999)
  expect(clock.signal.aborted).toBe(false)
  vi.advanceTimersByTime(2)
  expect(clock.signal.reason).toBeInstanceOf(TimeLimit)
  vi.useRealTimers()
})
