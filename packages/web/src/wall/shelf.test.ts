import { describe, expect, test } from 'vitest'
import type { Job } from '../site.ts'
import { withChanges, withPage, type Shelf } from './shelf.ts'

const job = (minute: number, changes: Partial<Job> = {}) =>
  ({ id: `job-${minute}`, createdAt: new Date(minute * 60_000).toISOString(), ...changes }) as Job
const shelf = (minutes: number[], isWhole = false): Shelf => ({
  jobs: minutes.map((one) => job(one)),
  isWhole,
})
const ids = ({ jobs }: Shelf) => jobs.map(({ id }) => Number(id.slice(4)))

test('a page of older jobs comes at the end, each job once', () => {
  const next = withPage(shelf([5, 4]), { jobs: [job(4), job(3)], next: null })
  expect(ids(next)).toEqual([5, 4, 3])
  expect(next.isWhole).toBe(true)
})

describe('changes', () => {
  test('stand where the job stood', () => {
    const next = withChanges(shelf([5, 4, 3]), { jobs: [job(4, { state: 'failed' })], gone: [] })
    expect(ids(next)).toEqual([5, 4, 3])
    expect(next.jobs[1]?.state).toBe('failed')
  })

  test('put new jobs first, and those that came back where they belong', () => {
    expect(ids(withChanges(shelf([5, 3]), { jobs: [job(4), job(6)], gone: [] }))).toEqual([6, 5, 4, 3])
  })

  test('leave out what is older than all that is loaded, unless all is loaded', () => {
    expect(ids(withChanges(shelf([5, 4]), { jobs: [job(1)], gone: [] }))).toEqual([5, 4])
    expect(ids(withChanges(shelf([5, 4], true), { jobs: [job(1)], gone: [] }))).toEqual([5, 4, 1])
    expect(ids(withChanges(shelf([], true), { jobs: [job(1)], gone: [] }))).toEqual([1])
  })

  test('take away what is gone', () => {
    expect(ids(withChanges(shelf([5, 4, 3]), { jobs: [], gone: ['job-4', 'job-9'] }))).toEqual([5, 3])
  })
})
