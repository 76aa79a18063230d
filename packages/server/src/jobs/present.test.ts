import { expect, test } from 'vitest'
import { storedJob } from '../store/testing/stored-job.ts'
import { present } from './present.ts'

const startedAt = Date.parse('2030-01-01T00:00:00Z')
const workTime = (life: Parameters<typeof storedJob>[1], state: 'running' | 'succeeded' = 'running') =>
  present(storedJob({ state }, { startedAt, ...life }), () => '').workTime

test('a running job tells when its time limit is reached, later by what it waited for the model', () => {
  expect(workTime({})).toEqual({ endsAt: '2030-01-01T00:10:00.000Z', left: null })
  expect(workTime({ waited: 90_000 })).toEqual({ endsAt: '2030-01-01T00:11:30.000Z', left: null })
})

test('while it waits for the model its time stands still, and no other job has any', () => {
  const waitingSince = startedAt + 130_000
  expect(workTime({ waited: 30_000, waitingSince })).toEqual({ endsAt: null, left: 500 })
  expect(workTime({ waitingSince: startedAt + 700_000 })).toEqual({ endsAt: null, left: 0 })
  expect(workTime({}, 'succeeded')).toBeNull()
  expect(workTime({ startedAt: null })).toBeNull()
})
