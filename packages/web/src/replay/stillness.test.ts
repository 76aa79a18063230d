import { expect, test } from 'vitest'
import { createStillness } from './stillness.ts'

const clock = { x: 1100, y: 20, width: 100, height: 100 }
const letter = (n: number) => ({ x: 20 + n * 8, y: 700, width: 8, height: 16 })

test('where nothing changes it is still after five seconds', () => {
  const stillness = createStillness()
  stillness.see([letter(0)], 1000)
  expect(stillness.isStill(5900)).toBe(false)
  expect(stillness.isStill(6100)).toBe(true)
})

test('a clock that ticks is still, and what happens beside it is not', () => {
  const stillness = createStillness()
  for (let second = 0; second <= 20; second++) stillness.see([clock], second * 1000)
  expect(stillness.isStill(20_000)).toBe(true)
  stillness.see([clock, letter(0)], 21_000)
  expect(stillness.isStill(21_000)).toBe(false)
})

test('somebody who types is never still', () => {
  const stillness = createStillness()
  for (let n = 0; n < 60; n++) {
    stillness.see([letter(n), clock], n * 300)
    expect(stillness.isStill(n * 300)).toBe(false)
  }
})
