import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createLineReader } from './lines.ts'

const line = fc.record({ response: fc.string({ unit: 'grapheme' }), done: fc.boolean() })

test('however a stream is cut into chunks, its lines and its bytes come out whole', () => {
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat(60)), fc.boolean(), (lines, cuts, lastOpen) => {
      const text = lines.map((one) => JSON.stringify(one)).join('\n') + (lastOpen ? '' : '\n')
      let rest = Buffer.from(text)
      const reader = createLineReader()
      const pieces = cuts.map((cut) => {
        const piece = reader.read(rest.subarray(0, cut))
        rest = rest.subarray(cut)
        return piece
      })
      pieces.push(reader.read(rest), reader.rest())
      expect(pieces.flatMap((piece) => piece.lines)).toEqual(lines)
      expect(pieces.some(({ nonsense }) => nonsense)).toBe(false)
      expect(
        Buffer.concat(pieces.map(({ bytes }) => bytes))
          .toString()
          .trim(),
      ).toBe(text.trim())
    }),
  )
})

test.each(['nonsense', '[1]', '7', 'null', '{"done":', '\0'])('%j is no line of the protocol', (bad) => {
  const { lines, bytes, nonsense } = createLineReader().read(Buffer.from(`{"response":"a"}\n${bad}\n`))
  expect({ lines, bytes: bytes.toString(), nonsense }).toEqual({
    lines: [{ response: 'a' }],
    bytes: '{"response":"a"}\n',
    nonsense: true,
  })
})
