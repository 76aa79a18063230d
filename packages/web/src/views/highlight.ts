export type Token = { kind: 'comment' | 'string' | 'number' | 'keyword' | 'name' | 'plain'; text: string }
export type CodeLanguage = 'python' | 'javascript' | 'bash'

/** Beyond this many characters code is shown without colours. */
const mostCharacters = 100_000

const words = (text: string) => new Set(text.split(' '))

type Grammar = { comment: string; string: string; keywords: ReadonlySet<string>; names: ReadonlySet<string> }

const oneLine = (quote: string) => `${quote}(?:\\\\.|[^\\\\\\n${quote}])*${quote}?`
const overLines = (quote: string) => `${quote}(?:\\\\[\\s\\S]|[^\\\\${quote}])*${quote}?`
const tripled = (quote: string) => `${quote}{3}[\\s\\S]*?(?:${quote}{3}|$)`

const grammars: Record<CodeLanguage, Grammar> = {
  python: {
    comment: '#[^\\n]*',
    string: `[rbfuRBFU]{0,2}(?:${tripled('"')}|${tripled("'")}|${oneLine('"')}|${oneLine("'")})`,
    keywords: words(
      'False None True and as assert async await break case class continue def del elif else except finally for from global if import in is lambda match nonlocal not or pass raise return try while with yield',
    ),
    names: words(
      'abs all any bool bytes chr dict enumerate filter float input int isinstance len list map max min next open ord print range repr reversed round self set sorted str sum super tuple type zip',
    ),
  },
  javascript: {
    comment: '//[^\\n]*|/\\*[\\s\\S]*?(?:\\*/|$)',
    string: `${oneLine('"')}|${oneLine("'")}|${overLines('`')}`,
    keywords: words(
      'async await break case catch class const continue default delete do else export extends false finally for from function get if import in instanceof let new null of return set static super switch this throw true try typeof undefined var void while with yield',
    ),
    names: words(
      'Array Boolean Date Error JSON Map Math Number Object Promise RegExp Set String Symbol console process require',
    ),
  },
  bash: {
    comment: '(?<![^\\s;(])#[^\\n]*',
    string: `${overLines('"')}|'[^']*'?`,
    keywords: words(
      'break case continue do done elif else esac exit export fi for function if in local read return select set shift then until while',
    ),
    names: words(
      'awk cat cd cp cut echo find grep head ls mkdir mv printf rm sed seq sort tail test tr uniq wc',
    ),
  },
}

/** Code as pieces to be coloured; together they are the code. */
export function highlight(code: string, language: CodeLanguage | null): Token[] {
  if (language === null || code.length > mostCharacters) return [{ kind: 'plain', text: code }]
  const { comment, string, keywords, names } = grammars[language]
  const pattern = new RegExp(
    `(${comment})|(${string})|(\\b\\d[\\w.]*)|([\\p{L}_$][\\p{L}\\d_$]*)|\\s+|[\\s\\S]`,
    'gu',
  )
  const tokens: Token[] = []
  for (const [text, isComment, isString, isNumber, isWord] of code.matchAll(pattern)) {
    const kind =
      isComment !== undefined
        ? 'comment'
        : isString !== undefined
          ? 'string'
          : isNumber !== undefined
            ? 'number'
            : isWord !== undefined
              ? wordKind(text, keywords, names)
              : 'plain'
    const last = tokens.at(-1)
    if (last?.kind === kind) last.text += text
    else tokens.push({ kind, text })
  }
  return tokens
}

function wordKind(
  word: string,
  keywords: ReadonlySet<string>,
  names: ReadonlySet<string>,
): 'keyword' | 'name' | 'plain' {
  if (keywords.has(word)) return 'keyword'
  return names.has(word) ? 'name' : 'plain'
}

/** The same pieces, line by line. */
export function lines(tokens: readonly Token[]): Token[][] {
  const all: Token[][] = [[]]
  for (const { kind, text } of tokens) {
    const [first = '', ...rest] = text.split('\n')
    if (first !== '') all.at(-1)!.push({ kind, text: first })
    for (const line of rest) all.push(line === '' ? [] : [{ kind, text: line }])
  }
  if (all.length > 1 && all.at(-1)!.length === 0) all.pop()
  return all
}

/** The language of a file, by its name; null where it has no colours. */
export function languageOf(path: string): CodeLanguage | null {
  const ending = /\.(\w+)$/.exec(path)?.[1]?.toLowerCase() ?? ''
  if (ending === 'py') return 'python'
  if (['js', 'mjs', 'cjs', 'ts', 'json', 'ndjson'].includes(ending)) return 'javascript'
  return ['sh', 'bash'].includes(ending) ? 'bash' : null
}
