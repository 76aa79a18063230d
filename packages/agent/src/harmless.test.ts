import fc from 'fast-check'
import { expect, test } from 'vitest'
import { harmless } from './harmless.ts'

test('nothing that acts on a terminal is left', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(harmless(text)).not.toMatch(/[^\P{C}\n\t\p{Cn}\p{Co}\p{Cs}\p{Cf}]|[\u202a-\u202e\u2066-\u2069]/u)
    }),
  )
})

test('signs are shown as what they are', () => {
  expect(harmless('a\x1b]52;c;x\x07\r\n\tb\u202e')).toBe('a\\x1b]52;c;x\\x07\\x0d\n\tb\\u202e')
})
