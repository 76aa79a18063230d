import fc from 'fast-check'
import { expect, test } from 'vitest'
import { diffLines } from './line-diff.ts'

const drawn = (before: string[], after: string[]) =>
  diffLines(before, after).map(({ before: old, after: now }) =>
    old === null ? `+${after[now!]}` : now === null ? `-${before[old]}` : ` ${before[old]}`,
  )

test('a changed line is one gone and one new; lines around it stay', () => {
  expect(drawn(['a', 'b', 'c'], ['a', 'B', 'c'])).toEqual([' a', '-b', '+B', ' c'])
  expect(drawn([], ['a'])).toEqual(['+a'])
  expect(drawn(['a'], [])).toEqual(['-a'])
  expect(drawn(['a', 'a'], ['a', 'a', 'a'])).toEqual([' a', ' a', '+a'])
})

test('whatever the texts are, the old and the new one can be read off it, in order', () => {
  const text = fc.array(fc.constantFrom('a', 'b', 'c', ''))
  fc.assert(
    fc.property(text, text, (before, after) => {
      const lines = diffLines(before, after)
      const count = (side: 'before' | 'after') => lines.map((line) => line[side]).filter((n) => n !== null)
      expect(count('before')).toEqual(before.map((_, index) => index))
      expect(count('after')).toEqual(after.map((_, index) => index))
      for (const line of lines)
        if (line.before !== null && line.after !== null) expect(before[line.before]).toBe(after[line.after])
    }),
  )
})

test('long texts that share nothing are one change', () => {
  const [before, after] = ['x', 'y'].map((sign) => Array.from({ length: 5000 }, (_, n) => `${sign}${n}`))
  const lines = diffLines(before!, after!)
  expect(lines).toHaveLength(10_000)
  expect(lines[4999]).toEqual({ before: 4999, after: null })
})
