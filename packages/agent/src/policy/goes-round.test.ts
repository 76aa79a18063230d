import { expect, test } from 'vitest'
import { goesRound } from './goes-round.ts'

const said = 'Here is the program:\n```python\nprint("hello")\n```\n'

test.each([
  ['one character', '#'.repeat(2000)],
  ['one line', 'print("hello")\n'.repeat(200)],
  ['a paragraph', 'This prints hello. It is a very simple example of a program.\n\n'.repeat(40)],
  ['words that it broke off in the middle', `${'and then it prints it again, '.repeat(80)}and th`],
])('an answer that ends in %s over and over goes round', (_, end) => {
  expect(goesRound(said + end)).toBe(true)
})

test.each([
  ['short', said],
  ['a board of a hundred zeros', `board = [\n${'    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0],\n'.repeat(10)}]\n`],
  ['lines that count', Array.from({ length: 300 }, (_, n) => `print(${n})`).join('\n')],
  ['a cycle that something follows', `${'print("hello")\n'.repeat(200)}print("bye")\n`],
  ['a long text said twice', `${Array.from({ length: 200 }, (_, n) => n ** 3).join(' ')}\n`.repeat(2)],
])('an answer that is %s does not', (_, text) => {
  expect(goesRound(text)).toBe(false)
})
