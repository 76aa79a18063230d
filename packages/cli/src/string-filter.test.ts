import fc from 'fast-check'
import { expect, test } from 'vitest'
import { stringFilter } from './string-filter.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
function filtered(text: string, cuts: readonly number[] = []): string {
  const whole = bytes(text)
  const edges = [0, ...cuts.toSorted((a, b) => a - b), whole.length]
  const pass = stringFilter()
  const pieces = edges.slice(1).map((end, index) => pass(whole.subarray(edges[index], end)))
  return Buffer.concat(pieces).toString()
}

test.each([
  ['OSC 52, which sets the clipboard', 'a\x1b]52;c;cm0gLXJmIC8=\x07b', 'ab'],
  ['a title that ends with ST', 'a\x1b]0;owned\x1b\\b', 'ab'],
  ['OSC 8, which hides where a link leads', '\x1b]8;;http://evil.example\x1b\\here\x1b]8;;\x1b\\', 'here'],
  ['DCS, APC, PM and SOS', 'a\x1bPq\x1b\\b\x1b_x\x1b\\c\x1b^y\x1b\\d\x1bXz\x1b\\e', 'abcde'],
  ['the single characters that begin and end them', 'a\u009d0;owned\u009cb\u0090x\u009cc', 'abc'],
  ['one that never ends', 'a\x1b]0;owned', 'a'],
  ['one within another', 'a\x1b]0;\x1b]52;c;x\x07b', 'ab'],
])('takes out %s', (_name, printed, expected) => {
  expect(filtered(printed)).toBe(expected)
})

test('colours, the cursor, the other screen and every language pass as they are, wherever the pieces are cut', () => {
  const printed = '\x1b[1;31mred\x1b[0m\x1b[2J\x1b[?1049h\x1b(B\x1b7\r\n±Â\u00a0é漢字👩‍👧\t\x1b[6n'
  fc.assert(
    fc.property(fc.array(fc.nat(bytes(printed).length)), (cuts) => {
      expect(filtered(printed, cuts)).toBe(printed)
      expect(filtered(`${printed}\x1b]52;c;eA==\x07${printed}`, cuts)).toBe(printed + printed)
    }),
    { numRuns: 100 },
  )
})
