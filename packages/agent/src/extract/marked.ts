import { programsInDocument, programsUnderKeys } from './documents.ts'
import { isEscaped, unescaped } from './entities.ts'

/**
 * Programs that are marked in other ways than by fences. `certain`: the answer, or what it hands to a tool, is nothing but
 * a document that holds them.
 */
export function markedCodes(text: string): {
  certain: string[]
  tagged: string[]
  possible: string[]
  inline: string[]
} {
  const whole = programsInDocument(text)
  if (whole.length > 0) return { certain: whole, tagged: [], possible: [], inline: [] }
  const lower = text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
  const documents = [
    ...between(text, lower, '```json', '\n```'),
    ...between(text, lower, '<tool_call>', '</tool_call>'),
    ...documentIn(text),
  ]
  const bracketed = names.flatMap((name) => between(text, lower, `[${name}]`, `[/${name}]`))
  // An HTML page has no more line ends inside `<code>` than the program.
  const plain = [...inTags(text, lower), ...bracketed].flatMap(
    (code) => dataIn(code) ?? (isEscaped(code) ? unescaped(code) : code),
  )
  const inline = text.includes('```')
    ? []
    : [...text.matchAll(/`([^`]+)`/g)].slice(0, mostInline).map(([, code = '']) => code)
  const ticked = /^`{1,2}(?!`)([^]*[^`])`{1,2}$/.exec(text.trim())?.[1]
  return {
    certain: documents.flatMap(programsInDocument),
    tagged: plain,
    possible: [...handedOver(text), ...programsUnderKeys(text), ...(ticked ? [ticked] : [])],
    inline,
  }
}

/** A document of data with words around it, or the name of a tool before it; not one in a program. */
function documentIn(text: string): string[] {
  const [before = ''] = /^[\w<>[\]|=.:, -]*(?=\{\s*")/m.exec(text) ?? []
  const start = text.search(/^[\w<>[\]|=.:, -]*\{\s*"/m) + before.length
  const end = text.lastIndexOf('}') + 1
  const isAlone = /^[\w<>[\]|=.:/ -]*$/m.exec(text.slice(end, end + 200))?.index === 0
  return end > start && isAlone && !text.includes('```') ? [text.slice(start, end)] : []
}

const names = ['code', 'program', 'script', 'python', 'bash', 'javascript', 'answer', 'solution']
const mostTags = 24
const mostInline = 8
const tag =
  /<(?!(?:span|div|p|a|b|i|em|strong|li|ul|ol|td|tr|summary|details)\b)([a-z][\w.-]{0,40})(?:[ =][^<>\n]{0,200})?>/g

/** What stands in tags of any name, as pages have them and tools are called with, the first few of them. */
function inTags(text: string, lower: string): string[] {
  return [...lower.matchAll(tag)].slice(0, mostTags).flatMap(({ index, 0: opening, 1: name = '' }) => {
    const start = index + opening.length
    const end = lower.indexOf(`</${name}>`, start)
    return end < 0 ? [] : [indented(text, index, text.slice(start, end))]
  })
}

/** What stands between two marks; only the first few, so that it stays linear. */
function between(text: string, lower: string, opening: string, closing: string): string[] {
  const found: string[] = []
  for (let at = lower.indexOf(opening); at >= 0 && found.length < 4; at = lower.indexOf(opening, at + 1)) {
    const start = at + opening.length
    const end = lower.indexOf(closing, start)
    if (end < 0) break
    found.push(indented(text, at, text.slice(start, end)))
  }
  return found
}

/** Code whose first line is indented as the line is in which its mark stands, with other marks before it or without. */
function indented(text: string, mark: number, code: string): string {
  if (code.startsWith('\n')) return code
  const before = text.slice(text.lastIndexOf('\n', mark) + 1, mark)
  return `${/^([ \t]*)(<[^<>]{0,200}>[ \t]*)*$/.exec(before.slice(0, 500))?.[1] ?? ''}${code}`
}

/** What a shell is told to hand to Python or Node as an argument, or to write to a file. */
function handedOver(text: string): string[] {
  const call =
    /^[ \t]*(?:\$ )?(?:(?:python3?|node) -[ce]|echo(?: -e)?|printf(?: '%s\\n')?) (?:'((?:[^']|'\\'')*)'|"((?:[^"\\]|\\[^])*)")[ \t]*(?:>.*)?$/gm
  return [...text.matchAll(call)]
    .slice(0, 4)
    .map(
      ([, single, double = '']) => single?.replaceAll("'\\''", "'") ?? double.replace(/\\(["\\$`])/g, '$1'),
    )
}

/** Text as it is, as XML and components of MDX have it. */
function dataIn(code: string): string | undefined {
  const start = code.slice(0, 300_000)
  const literal = /^\s*\{`([^]*)`\}\s*$/.exec(start)?.[1]
  return /^\s*<!\[CDATA\[\n?([^]*?)\]\]>\s*$/.exec(start)?.[1] ?? literal?.replace(/\\([`$\\])/g, '$1')
}
