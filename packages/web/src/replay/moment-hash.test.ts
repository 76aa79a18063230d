import { expect, test } from 'vitest'
import { momentHash, momentOf } from './moment-hash.ts'

test('an address may name a moment, and a run', () => {
  expect(momentOf('#t=83')).toEqual({ time: 83_000, run: null })
  expect(momentOf(momentHash(83_450, 2))).toEqual({ time: 83_400, run: 2 })
  expect(['', '#', '#t=', '#t=-1', '#t=1e9', '#t=x&run=1', '#top'].map(momentOf)).toEqual(Array(7).fill(null))
  expect(momentOf('#t=1&run=0')).toEqual({ time: 1000, run: null })
})
