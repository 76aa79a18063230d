import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { stopFilter } from './stops.ts'

test('text passes until a stop string, which is dropped with what follows it', () => {
  const filter = stopFilter(['```', '<end>'])
  expect(filter.push('print(1)\n``')).toEqual({ text: 'print(1)\n', stopped: false })
  expect(filter.push('`\nmore')).toEqual({ text: '', stopped: true })
})

test('held text that turns out not to be a stop string is given back', () => {
  const filter = stopFilter(['<end>'])
  expect(filter.push('a <e')).toEqual({ text: 'a ', stopped: false })
  expect(filter.push('m> b')).toEqual({ text: '<em> b', stopped: false })
  expect(filter.push('<')).toEqual({ text: '', stopped: false })
  expect(filter.flush()).toBe('<')
})

test('the earliest of several stop strings counts', () => {
  expect(stopFilter(['world', 'lo']).push('hello world')).toEqual({ text: 'hel', stopped: true })
})

test('however the text is cut into chunks, the result is the text before the first stop string', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', '`'), maxLength: 6 })
  fc.assert(
    fc.property(fc.array(word, { maxLength: 8 }), fc.array(word, { maxLength: 3 }), (chunks, stops) => {
      const filter = stopFilter(stops)
      let shown = ''
      let stopped = false
      for (const chunk of chunks) {
        const step = filter.push(chunk)
        shown += step.text
        stopped = step.stopped
        if (stopped) break
      }
      if (!stopped) shown += filter.flush()
      const whole = chunks.join('')
      const cuts = stops.filter((stop) => stop !== '' && whole.includes(stop))
      expect(stopped).toBe(cuts.length > 0)
      expect(stopped ? cuts.some((stop) => whole.startsWith(shown + stop)) : shown === whole).toBe(true)
    }),
  )
})
