import fc from 'fast-check'
import type { Language } from '@vitrine/contract/job.ts'
import { describe, expect, test } from 'vitest'
import { extractPrograms } from './extract.ts'
import { languages } from '../languages.ts'

const programs: Record<Language, string[]> = {
  python: [
    'print("hello")',
    'import math\n\n\ndef area(r):\n    """Of a circle."""\n    return math.pi * r ** 2\n\n\nif __name__ == "__main__":\n    for r in range(3):\n        print(round(area(r), 2))',
    '# Squares\nnumbers = [n * n for n in range(10)]\nprint(numbers)',
    'text = """\n```python\nprint(1)\n```\n"""\nprint(text)',
    'class Stack:\n    def __init__(self):\n        self.items = []\n\n    def push(self, x):\n        self.items.append(x)\n\n\ns = Stack()\ns.push(1)\nprint(s.items)',
    'print("<think>not thinking</think>")',
  ],
  javascript: [
    'console.log("hello");',
    'const fs = require("fs");\n\nfunction double(n) {\n  return 2 * n;\n}\n\nfor (let i = 0; i < 3; i++) {\n  console.log(double(i));\n}',
    'console.log(`a ${1 + 1} b`)',
  ],
  bash: [
    'echo hello',
    '#!/bin/bash\nset -e\nfor i in 1 2 3; do\n  echo "$((i * i))"\ndone',
    'sum=0\nfor n in $(seq 10); do sum=$((sum + n)); done\necho $sum',
  ],
}

type Wrap = (program: string, tag: string) => string
const wrappings: Record<string, Wrap> = {
  'a fence': (p, tag) => `\`\`\`${tag}\n${p}\n\`\`\``,
  'a fence in prose': (p, tag) =>
    `Sure! Here is the program:\n\n\`\`\`${tag}\n${p}\n\`\`\`\n\nIt prints the result. Have fun!`,
  'a fence without a word': (p) => `Here:\n\`\`\`\n${p}\n\`\`\``,
  tildes: (p, tag) => `~~~${tag}\n${p}\n~~~`,
  'four backticks': (p, tag) => `\`\`\`\`${tag}\n${p}\n\`\`\`\``,
  'an upper case word': (p, tag) => `\`\`\`${tag.toUpperCase()}\n${p}\n\`\`\``,
  CRLF: (p, tag) => `Text\r\n\`\`\`${tag}\r\n${p.replaceAll('\n', '\r\n')}\r\n\`\`\`\r\n`,
  'an unclosed fence': (p, tag) => `Here you are:\n\`\`\`${tag}\n${p}`,
  'an unclosed fence with prose behind': (p, tag) =>
    `\`\`\`${tag}\n${p}\n\nThis program prints the result to the screen.\nIt uses only the standard library.`,
  'thinking before it': (p, tag) => `<think>\nI could write a program.\n</think>\n\`\`\`${tag}\n${p}\n\`\`\``,
  'thinking with a draft': (p, tag) =>
    `<think>\n\`\`\`${tag}\nwrong(\n\`\`\`\n</think>\n\`\`\`${tag}\n${p}\n\`\`\``,
  'thinking without its opening': (p, tag) => `Let me see.\n</think>\n\n\`\`\`${tag}\n${p}\n\`\`\``,
  'another language beside it': (p, tag) =>
    `Install:\n\`\`\`${tag === 'bash' ? 'text' : 'bash'}\npip install nothing\n\`\`\`\nThen:\n\`\`\`${tag}\n${p}\n\`\`\`\nOutput:\n\`\`\`text\n1\n2\n3\n4\n5\n6\n7\n8\n9\n\`\`\``,
  'Markdown in a fence': (p, tag) => `\`\`\`markdown\n# Program\n\`\`\`${tag}\n${p}\n\`\`\`\nDone.\n\`\`\``,
  'a list item': (p, tag) =>
    `1. The program:\n\n   \`\`\`${tag}\n${p.replaceAll(/^(?=.)/gm, '   ')}\n   \`\`\``,
  'a quotation': (p, tag) => `> \`\`\`${tag}\n${p.replaceAll(/^/gm, '> ')}\n> \`\`\``,
  'no fence at all': (p) => p,
  'prose without a fence': (p) =>
    `Here is the program that you asked me for:\n\n${p}\n\nThis prints what you want to see here.`,
  'HTML tags': (p) =>
    `<pre><code>${p.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')}</code></pre>`,
  JSON: (p) => JSON.stringify({ explanation: 'It works.', code: p }),
  'a byte order mark and blanks': (p, tag) => `\ufeff  \n\n\`\`\`${tag}\n\n\n${p}\n\n\n\`\`\`  \n`,
}

const cases = Object.entries(programs).flatMap(([language, list]) =>
  Object.keys(wrappings).map((wrapping) => [language as Language, wrapping, list] as const),
)

describe('a program is among the readings that are tried', () => {
  test.each(cases)('%s in %s', (language, wrapping, list) => {
    for (const program of list) {
      const answer = wrappings[wrapping]?.(program, languages[language].fences[0] ?? '') ?? ''
      expect(extractPrograms(answer, language), answer).toContain(`${program}\n`)
    }
  })
})

test('a plain fence is the first reading', () => {
  for (const [language, list] of Object.entries(programs) as [Language, string[]][]) {
    for (const program of list.filter((text) => !text.includes('```'))) {
      const answer = wrappings['a fence in prose']?.(program, languages[language].fences[0] ?? '') ?? ''
      expect(extractPrograms(answer, language)[0]).toBe(`${program}\n`)
    }
  }
})

test.each([
  [
    'a tag that stands in another one, both indented',
    '- The program:\n\n  <pre><code>numbers = [1, 2, 3]\n  assert sum(numbers) == 6</code></pre>\n- That is all.\n',
    'numbers = [1, 2, 3]\nassert sum(numbers) == 6\n',
  ],
  [
    'end marks that are repeated behind a fence that closes in its last line',
    '```python\nprint("1. one\\n2. two")```</s></s>',
    'print("1. one\\n2. two")\n',
  ],
  [
    'a transcript of IPython',
    'In [1]: for n in range(2):\n   ...:     print(n)\n   ...: \n0\n1\n\nIn [2]: print("done")\ndone\n',
    'for n in range(2):\n    print(n)\n\nprint("done")\n',
  ],
  [
    'a command with the program as its argument',
    "Run this:\n\n```bash\npython3 -c 'import math\nprint(math.pi)'\n```\n",
    'import math\nprint(math.pi)\n',
  ],
  [
    'a command with the program as its argument in double quotes',
    'python -c "print(\\"a\\", 1)"',
    'print("a", 1)\n',
  ],
])('%s hides no program', (_, answer, program) => {
  expect(extractPrograms(answer, 'python')).toContain(program)
})

test.each([
  '<pre><code>def f():\nprint(&quot;hello&quot;)\n\nf()</code></pre>',
  '<invoke name="write"><parameter name="content">def f():\nprint("hello")\n\nf()</parameter></invoke>',
])('a line of a program that does not compile is no program: %s', (answer) => {
  expect(extractPrograms(answer, 'python')).not.toContain('print("hello")\n')
})

test('a program told in two fences is also read as one', () => {
  const answer = '```python\ndef f(x):\n    return 2 * x\n```\nand then\n```python\nprint(f(4))\n```'
  expect(extractPrograms(answer, 'python')).toContain('def f(x):\n    return 2 * x\n\nprint(f(4))\n')
})

test.each([
  ['nothing', ''],
  ['blanks', ' \n\t\n'],
  ['a refusal', "I'm sorry, but I can't help with that."],
  ['an unclosed thought', '<think>I should print something'],
  ['an empty fence', '```python\n\n```'],
  ['only comments', '```python\n# your code here\n```'],
  ['only a docstring', '```python\n"""I cannot do that."""\n```'],
  ['another language', 'See:\n\n1. one\n2. two'],
])('%s holds no program', (_, answer) => {
  expect(extractPrograms(answer, 'python')).toEqual([])
})

test('it always ends, gives the same again, and stays bounded', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '```',
      '```python',
      '~~~',
      '\n',
      '<think>',
      '</think>',
      '>>> ',
      '    ',
      'print(1)',
      '# x',
      '"""',
      '`',
      '> ',
      '{"code": "',
    ),
    fc.string({ unit: 'binary-ascii', maxLength: 20 }),
  )
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 60 }),
      fc.constantFrom('python', 'javascript', 'bash'),
      (pieces, language) => {
        const answer = pieces.join(pieces.length % 2 ? '\n' : '')
        const found = extractPrograms(answer, language)
        expect(found).toEqual(extractPrograms(answer, language))
        expect(found.length).toBeLessThanOrEqual(16)
        for (const program of found) expect(program.trim()).not.toBe('')
      },
    ),
    { numRuns: 200, seed: 7 },
  )
})

test.each([
  ['fences', '```python\nprint(1)\n'.repeat(50_000)],
  ['backticks', '`'.repeat(2_000_000)],
  ['blanks', ' '.repeat(2_000_000)],
  ['thoughts', '<think>'.repeat(200_000)],
  ['closing thoughts', '</think>\n'.repeat(200_000)],
  ['one long line', `print("${'x'.repeat(3_000_000)}")`],
  ['open quotes', '"""\n'.repeat(300_000)],
  ['a string of JSON', `"code": "${'\\\\'.repeat(900_000)}`],
  ['edits that were never closed', '<<<<<<< SEARCH\n'.repeat(60_000)],
  ['tags', '<a b="c"><code>'.repeat(70_000)],
  ['keys', '"code": "'.repeat(100_000)],
  ['prose', 'A line of words that goes on and on, as models do.\n'.repeat(40_000)],
])('megabytes of %s take seconds of processor time at most, not minutes', (_, answer) => {
  const begun = process.threadCpuUsage()
  extractPrograms(answer, 'python')
  const { user, system } = process.threadCpuUsage(begun)
  expect((user + system) / 1e6).toBeLessThan(10)
})
