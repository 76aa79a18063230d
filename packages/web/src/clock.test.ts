import { expect, test } from 'vitest'
import { clock } from './clock.ts'

test('a place in a recording reads like a clock', () => {
  expect([0, 999, 63_000, 3_603_000].map(clock)).toEqual(['0:00', '0:00', '1:03', '1:00:03'])
})
