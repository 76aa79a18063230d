import fc from 'fast-check'
import { expect, test } from 'vitest'
import { highlight, languageOf, lines, type CodeLanguage } from './highlight.ts'

const languages: CodeLanguage[] = ['python', 'javascript', 'bash']
const kinds = (code: string, language: CodeLanguage) =>
  highlight(code, language)
    .filter(({ kind }) => kind !== 'plain')
    .map(({ kind, text }) => `${kind} ${text}`)

test('Python’s words, strings over lines, comments and numbers are told apart', () => {
  const code = 'def f(x):  # "no string"\n  """two\n# lines"""\n  return print(f"a\\"b", 0x1F)\n'
  expect(kinds(code, 'python')).toEqual([
    'keyword def',
    'comment # "no string"',
    'string """two\n# lines"""',
    'keyword return',
    'name print',
    'string f"a\\"b"',
    'number 0x1F',
  ])
})

test('JavaScript’s and Bash’s too', () => {
  expect(kinds("const a = `x\n'`; /* if\n*/ a // 1", 'javascript')).toEqual([
    'keyword const',
    "string `x\n'`",
    'comment /* if\n*/',
    'comment // 1',
  ])
  expect(kinds('for i in "$#"; do echo ${#i}; done # end', 'bash')).toEqual([
    'keyword for',
    'keyword in',
    'string "$#"',
    'keyword do',
    'name echo',
    'keyword done',
    'comment # end',
  ])
})

test('whatever the code is, nothing of it is lost, and a hostile one takes no time', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.constantFrom(...languages), (code, language) => {
      const tokens = highlight(code, language)
      expect(tokens.map(({ text }) => text).join('')).toBe(code)
      const shown = lines(tokens).map((line) => line.map(({ text }) => text).join(''))
      expect(shown.join('\n')).toBe(code.length > 0 ? code.replace(/\n$/, '') : '')
    }),
  )
  for (const piece of ['"""', '\\', '/*', '`', "'", '"\\', '#', '((', 'a'])
    for (const language of languages) highlight(piece.repeat(5_000), language)
})

test('a file’s language is known by its ending', () => {
  expect(['a.py', 'b/c.MJS', 'd.sh', 'e.txt', 'Makefile', '.py'].map(languageOf)).toEqual([
    'python',
    'javascript',
    'bash',
    null,
    null,
    'python',
  ])
})
