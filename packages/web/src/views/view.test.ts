import { expect, test } from 'vitest'
import { candidates, readView, viewSearch, type View } from './view.ts'

test.each<View>([
  candidates(),
  candidates({ run: 2, candidate: 3, against: 1 }),
  { name: 'files', file: null },
  { name: 'files', file: 'out/é & #1?%2e/../<img onerror>.txt' },
  { name: 'terminal' },
  { name: 'usage' },
])('a link to %j leads there', (view) => {
  expect(readView(viewSearch(view))).toEqual(view)
})

test.each(['', '?view=', '?view=__proto__', '?candidate=0&run=-1&against=1e9', '?candidate=2.5'])(
  'what the address %j does not say, the page chooses',
  (search) => {
    expect(readView(search)).toEqual(candidates())
  },
)
