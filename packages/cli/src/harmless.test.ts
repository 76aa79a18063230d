import { array, assert, integer, oneof, property } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { harmless, harmlessJson, oneLine } from './harmless.ts'

// oxlint-disable-next-line no-control-regex
const obeyed = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/

/** Mostly characters near those that terminals obey; unpaired surrogates too. */
const anyText = array(
  oneof(
    integer({ min: 0, max: 0xa0 }),
    integer({ min: 0x2000, max: 0x2070 }),
    integer({ min: 0, max: 0x10ffff }),
  ),
).map((codes) => String.fromCodePoint(...codes))

describe('harmless', () => {
  test.each([
    ['a colour', '\x1b[31mred\x1b[0m', '␛[31mred␛[0m'],
    ['a link (OSC 8)', '\x1b]8;;http://evil\x07text', '␛]8;;http://evil␇text'],
    ['the clipboard (OSC 52)', '\x1b]52;c;ZXZpbA==\x1b\\', '␛]52;c;ZXZpbA==␛\\'],
    ['an eight-bit CSI', '\x9b2J', '<U+009B>2J'],
    ['a carriage return that hides what was before', 'rm -rf\rls', 'rm -rf␍ls'],
    ['a reordering mark', 'abc\u202etxt.exe', 'abc<U+202E>txt.exe'],
    ['a backspace', 'a\bb', 'a␈b'],
  ])('shows %s instead of obeying it', (_, text, shown) => {
    expect(harmless(text)).toBe(shown)
  })

  test('leaves newlines, tabs, Windows line ends, letters and emoji readable', () => {
    expect(harmless('a\tb\nc\r\nd é 漢 👩‍💻')).toBe('a\tb\nc\nd é 漢 👩‍💻')
  })

  test('no text keeps anything that a terminal would obey', () => {
    assert(
      property(anyText, (text) => {
        expect(harmless(text)).not.toMatch(obeyed)
        expect(oneLine(text)).not.toContain('\n')
      }),
    )
  })

  test('JSON means the same afterwards', () => {
    assert(
      property(anyText, (text) => {
        const json = harmlessJson({ text })
        expect(json).not.toMatch(obeyed)
        expect(JSON.parse(json)).toEqual({ text })
      }),
    )
  })
})
