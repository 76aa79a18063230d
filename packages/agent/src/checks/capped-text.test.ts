import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CappedText } from './capped-text.ts'

test('a text within the limits comes back whole, a longer one with its beginning and end', () => {
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[a-z]{0,40}$/)),
      fc.integer({ min: 1, max: 60 }),
      (chunks, limit) => {
        const capped = new CappedText(limit)
        for (const chunk of chunks) capped.add(Buffer.from(chunk))
        const text = chunks.join('')
        const shown = capped.toString()
        if (text.length <= 2 * limit) expect(shown).toBe(text)
        else {
          const lost = text.length - 2 * limit
          expect(shown).toBe(`${text.slice(0, limit)}\n… ${lost} bytes left out …\n${text.slice(-limit)}`)
        }
      },
    ),
  )
})
