import { expect, test } from 'vitest'
import { size, span, title } from './words.ts'

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
