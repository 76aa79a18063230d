import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createPlainText } from './plain-text.ts'

const plain = (text: string) => createPlainText()(Buffer.from(text))

test.each([
  ['colours', '\x1b[1;38;2;9;8;7mred\x1b[0m', 'red'],
  ['a title and a link', '\x1b]0;owned\x07a \x1b]8;;javascript:1\x1b\\link\x1b]8;;\x1b\\', 'a link'],
  ['the clipboard', '\x1b]52;c;b3duZWQ=\x07x', 'x'],
  ['other strings', '\x1bPq#0\x1b\\\x1b_apc\x1b\\\x1b^pm\x1b\\x', 'x'],
  ['eight-bit controls', '\u009b31mred\u009d0;title\u009c', 'red'],
  ['a character set and a reset', '\x1b(B\x1bcx', 'x'],
  ['a sequence that is broken off', '\x1b[31\x18x', 'x'],
  ['bash’s prompt and the line that was typed', '\x1b[?2004h$ ls\r\n\x1b[?2004l\ra b\r\n', '$ ls\na b\n'],
  ['a progress bar', '10 %\r20 %\r\n', '10 %\n20 %\n'],
  ['what was taken back', 'lx\b \bs', 'ls'],
  ['the bell', 'a\x07b\0c', 'abc'],
])('%s become plain text', (_name, printed, text) => {
  expect(plain(printed)).toBe(text)
})

test('markup, bidirectional marks and other control characters stay for who shows them', () => {
  const text = '<img src=x onerror=alert(1)> \u202e\x01 é 😀'
  expect(plain(text)).toBe(text)
})

test('a string without an end hides only so much', () => {
  expect(plain(`\x1b]0;${'a'.repeat(5000)}seen`)).toMatch(/seen$/)
})

test('wherever the bytes are cut, the text is the same', () => {
  const piece = fc.constantFrom('\x1b', '[', '31m', ']0;', '\x07', '\\', '\r', '\n', 'é', '😀', 'a', '\u009b')
  const property = fc.property(fc.array(piece), fc.array(fc.nat()), (pieces, cuts) => {
    const bytes = Buffer.from(pieces.join(''))
    const whole = createPlainText()(bytes)
    const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].toSorted((a, b) => a - b)
    const cut = createPlainText()
    const parts = [0, ...places].map((place, index) => cut(bytes.subarray(place, places[index])))
    expect(parts.join('')).toBe(whole)
  })
  fc.assert(property, { numRuns: 500 })
})
