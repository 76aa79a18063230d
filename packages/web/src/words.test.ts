import { expect, test } from 'vitest'
import { size, span, title, workLeft } from './words.ts'

test('span shows the two largest units', () => {
  expect([-5, 0, 59.9, 60, 3599, 3600, 3900, 86_400, 90_000].map(span)).toEqual([
    '0 s',
    '0 s',
    '59 s',
    '1 min',
    '59 min',
    '1 h',
    '1 h 5 min',
    '1 d',
    '1 d 1 h',
  ])
})

test('size goes up by 1024', () => {
  expect([0, 1023, 1024, 1536, 1024 ** 2, 5 * 1024 ** 5].map(size)).toEqual([
    '0 B',
    '1023 B',
    '1.0 KiB',
    '1.5 KiB',
    '1.0 MiB',
    '5120.0 TiB',
  ])
})

test('title is the name, or the task’s first line', () => {
  expect(title({ name: 'Squares', task: 'x' })).toBe('Squares')
  expect(title({ name: null, task: '\n Print it.\nThen stop.' })).toBe('Print it.')
})

test('what is left of a job’s time limit goes down, and stands still while it waits for the model', () => {
  const now = Date.parse('2030-01-01T00:00:00Z')
  const endsAt = '2030-01-01T00:02:05Z'
  expect(workLeft({ workTime: { endsAt, left: null } }, now)).toBe('2 min left to work')
  expect(workLeft({ workTime: { endsAt, left: null } }, now + 80_000)).toBe('45 s left to work')
  expect(workLeft({ workTime: { endsAt, left: null } }, now + 180_000)).toBe('0 s left to work')
  expect(workLeft({ workTime: { endsAt: null, left: 500 } }, now)).toBe('8 min left to work')
  expect(workLeft({ workTime: null }, now)).toBe('')
})
