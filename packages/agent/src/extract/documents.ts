/** Keys whose texts are programs, and names of files. */
const programKey =
  /(^|_)(code|program|source|contents?|script|python|javascript|bash|solution|answer|implementation|text|body|lines|cmd)$|\.(py|js|mjs|cjs|sh)$/i
const mostFound = 6
const mostDepth = 8

/**
 * The programs of an answer that is a document of data, as tools are called with: a text, or what stands under a key that
 * says so, else any text, the longest first. Empty where the answer is no such document.
 */
export function programsInDocument(text: string): string[] {
  const inner = text.trim()
  if (!/^["{[]/.test(inner)) return []
  const found: string[] = []
  const document = parse(inner)
  look(document, '', 0, found, (key) => key === '' || programKey.test(key))
  if (found.length === 0) {
    look(document, '', 0, found, () => true)
    found.sort((a, b) => b.length - a.length)
  }
  if (found.length === 0 && /^(\{\s*["'`]|\[\s*[{["'])[^]*[}\]]$/.test(inner)) return programsUnderKeys(inner)
  return found.slice(0, mostFound)
}

/** The same of what is no whole document, or not quite one: with line ends in texts, other quotation marks, commas at ends. */
export function programsUnderKeys(text: string): string[] {
  return [...text.matchAll(keyed)]
    .filter(([, key = '']) => programKey.test(key))
    .slice(0, mostFound)
    .flatMap(({ index, 0: all, 2: quotes = '' }) => {
      const start = index + all.length
      let end = start
      while (end < text.length && !text.startsWith(quotes, end)) end += text[end] === '\\' ? 2 : 1
      // What was never closed goes on to the end.
      const value = unquoted(text.slice(start, end).replace(/(?<!\\)\\$/, ''), quotes)
      return value === undefined ? [] : [value]
    })
}

const keyed = /["'`]?([\w./-]{1,80})["'`]?\s{0,20}[:=]\s{0,20}("""|'''|["'`])/g

function look(
  value: unknown,
  key: string,
  depth: number,
  found: string[],
  isWanted: (key: string) => boolean,
): void {
  if (depth > mostDepth || found.length > mostFound) return
  if (typeof value === 'string') {
    // Arguments of a call are often a document in a text.
    const inside = /^\s*[{[]/.test(value) ? parse(value) : undefined
    const before = found.length
    if (typeof inside === 'object') look(inside, '', depth + 1, found, isWanted)
    if (found.length === before && isWanted(key)) found.push(value)
  } else if (isLines(value)) {
    if (key !== '' && isWanted(key)) found.push(value.map((line) => line.replace(/\n$/, '')).join('\n'))
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, one] of Object.entries(value).slice(0, 50))
      look(one, Array.isArray(value) ? key || 'item' : name, depth + 1, found, isWanted)
  }
}

const isLines = (value: unknown): value is string[] =>
  Array.isArray(value) && value.length > 0 && value.every((line) => typeof line === 'string')

/** A text as it is meant. Models write line ends into texts as they are. */
function unquoted(text: string, quotes: string): string | undefined {
  if (quotes.length === 3) return text
  if (quotes === '`') return text.replace(/\\([`$\\])/g, '$1')
  const json = quotes === "'" ? text.replace(/\\'/g, "'").replace(/"/g, String.raw`\"`) : text
  const value = parse(`"${json.replace(/\n/g, String.raw`\n`).replace(/\t/g, String.raw`\t`)}"`)
  return typeof value === 'string' ? value : undefined
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
