/**
 * Programs that are marked in other ways than by fences. `certain`: the answer is nothing but a document that holds them.
 */
export function markedCodes(text: string): {
  certain: string[]
  tagged: string[]
  possible: string[]
} {
  const whole = jsonDocument(text)
  if (whole.length > 0) return { certain: whole, tagged: [], possible: [] }
  const documents = [...between(text, '```json', '\n```'), ...between(text, '<tool_call>', '</tool_call>')]
  const tagged = names.flatMap((name) => [
    ...between(text, `<${name}`, `</${name}>`).map((code) => code.replace(/^[^>\n]{0,200}>/, '')),
    ...between(text, `[${name}]`, `[/${name}]`),
  ])
  // An HTML page has no more line ends inside `<code>` than the program.
  const plain = tagged.flatMap((code) => dataIn(code) ?? (isEscaped(code) ? unescaped(code) : code))
  const lastLine = text.trim().split('\n').at(-1)?.slice(-2000) ?? ''
  const inline = /`([^`]+)`\.?$/.exec(lastLine)?.[1]
  return {
    certain: documents.flatMap(jsonDocument),
    tagged: plain,
    possible: [...jsonCodes(text), ...(inline ? [inline] : [])],
  }
}

const htmlTag = /<\/?(code|pre|span|div|br|em|strong)\b[^>]{0,200}>/g
const names = [
  'code',
  'pre',
  'program',
  'script',
  'python',
  'bash',
  'javascript',
  'answer',
  'solution',
  'output',
]
const keys = [
  'code',
  'program',
  'source',
  'content',
  'script',
  'python',
  'javascript',
  'bash',
  'solution',
  'answer',
]

/** What stands between two marks, upper or lower case; only the first few, so that it stays linear. */
function between(text: string, opening: string, closing: string): string[] {
  const lower = text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
  const found: string[] = []
  for (let at = lower.indexOf(opening); at >= 0 && found.length < 4; at = lower.indexOf(opening, at + 1)) {
    const end = lower.indexOf(closing, at + opening.length)
    if (end < 0) break
    // The first line is indented as the line is that the mark stands in, with or without other marks before it.
    const before = text.slice(text.lastIndexOf('\n', at) + 1, at)
    const [, indent = ''] = /^([ \t]*)(<[^<>]{0,200}>[ \t]*)*$/.exec(before.slice(0, 500)) ?? []
    found.push(
      text.slice(at + opening.length, end).replace(/^([^>\n]{0,200}>)?(?=[^\n])/, (mark) => mark + indent),
    )
  }
  return found
}

/** XML's way to write text as it is. */
function dataIn(code: string): string | undefined {
  return /^\s*<!\[CDATA\[\n?([^]*?)\]\]>\s*$/.exec(code.slice(0, 300_000))?.[1]
}

/** The programs of an answer that is one JSON document: a string, or an object with a key that says so. */
function jsonDocument(text: string): string[] {
  const inner = text.trim()
  if (!/^["{[]/.test(inner)) return []
  const found: string[] = []
  const look = (value: unknown, key: string, depth: number): void => {
    if (typeof value === 'string') {
      if (key === '' || keys.includes(key.toLowerCase())) found.push(value)
    } else if (typeof value === 'object' && value !== null && depth < 6)
      for (const [name, inside] of Object.entries(value).slice(0, 50)) look(inside, name, depth + 1)
  }
  look(parse(inner), '', 0)
  return found.slice(0, 4)
}

/** The strings under such keys in what is no whole document. */
function jsonCodes(text: string): string[] {
  const key = new RegExp(`"(?:${keys.join('|')})"\\s{0,20}:\\s{0,20}(?=")`, 'g')
  return [...text.matchAll(key)].slice(0, 4).flatMap(({ index, 0: key }) => {
    const start = index + key.length
    let end = start + 1
    while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1
    const literal = text.slice(start, end + 1)
    // Models write line ends into strings as they are.
    const value = end < text.length ? parse(literal.replace(/\n/g, '\\n').replace(/\t/g, '\\t')) : undefined
    return typeof value === 'string' ? [value] : []
  })
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

/** In HTML no `<` and no `&` stands for itself. */
function isEscaped(code: string): boolean {
  const plain = code.replace(htmlTag, '')
  return /&\w+;/.test(plain) && !/<|&(?!#?\w{1,6};)/.test(plain)
}

function unescaped(text: string): string {
  const entities: Record<string, string> = {
    lt: '<',
    gt: '>',
    quot: '"',
    '#34': '"',
    '#39': "'",
    '#x27': "'",
    apos: "'",
    nbsp: ' ',
    amp: '&',
  }
  return text
    .replace(htmlTag, '')
    .replace(/&(lt|gt|quot|#34|#39|#x27|apos|nbsp|amp);/g, (all, name: string) => entities[name] ?? all)
}
