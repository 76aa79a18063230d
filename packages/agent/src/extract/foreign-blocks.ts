import type { Language } from '@vitrine/contract/job.ts'
import type { Block } from './fences.ts'

/** Longer than any program that a model writes. */
const mostLines = 5000
const mostBlocks = 12
/** What is looked at of a line: some expressions below need the square of a line's length. */
const lineStart = 300

type Mark = {
  opens: RegExp
  tag: (opened: RegExpExecArray) => string
  /** The trimmed line that ends the block, in any case; without it, the block is what is indented deeper. */
  closes?: (opened: RegExpExecArray) => string
}

/** What LaTeX, Org, Jira, Liquid, BBCode, reStructuredText, YAML and others put where Markdown has a fence. */
const marks: readonly Mark[] = [
  {
    opens: /^\\begin\{(\w*(?:listing|verbatim|minted|alltt|code|python|javascript|bash)\w*)\*?\}(.*)$/i,
    tag: ([, , rest = '']) => /language=(\w+)/i.exec(rest)?.[1] ?? /\{(\w+)\}$/.exec(rest)?.[1] ?? '',
    closes: ([, name]) => `\\end{${name}}`,
  },
  {
    opens: /^#\+begin_(src|example)\b[ \t]*([\w+-]*)/i,
    tag: ([, , word = '']) => word,
    closes: ([, name]) => `#+end_${name}`,
  },
  {
    opens: /^\{(code|noformat)(?::(?:[^}]*language=)?(\w+)[^}]*)?\}$/i,
    tag: ([, , word = '']) => word,
    closes: ([, name]) => `{${name}}`,
  },
  {
    opens: /^\{% highlight (\w+)[^%]*%\}$/i,
    tag: ([, word = '']) => word,
    closes: () => '{% endhighlight %}',
  },
  {
    opens: /^\[(code|source|highlight)[=: ](?:lang(?:uage)?=)?["']?(\w+)["']?\]$/i,
    tag: ([, , word = '']) => word,
    closes: ([, name]) => `[/${name}]`,
  },
  // In Python some of these begin a text, but not with the language's name alone in its first line.
  {
    opens: /^('''|"""|´´´|‘‘‘|’’’|“““|”””|''|``)[ \t]*([a-z]+\d?)$/i,
    tag: ([, , word = '']) => word,
    closes: ([, quotes = '']) => quotes,
  },
  {
    opens: /^[-=*#~<>[\]{}/ ]{2,40}(?:begin|start)\b[\w ]{0,40}[-=*#~<>[\]{}/ ]{0,40}$/i,
    tag: () => '',
    closes: ([line]) => line.replace(/begin|start/i, 'end'),
  },
  { opens: /^\{\{\{(?:#!(\w+))?$/, tag: ([, word = '']) => word, closes: () => '}}}' },
  { opens: /^[@\\]code(?:\{\.(\w+)\})?$/, tag: ([, word = '']) => word, closes: () => '@endcode' },
  {
    opens: /^(:{3,})[ \t]*(?:\{code(?:-block)?\})?[ \t]*(\w+)$/,
    tag: ([, , word = '']) => word,
    closes: ([, colons = '']) => colons,
  },
  { opens: /^\.\. (?:code-block|code|sourcecode|highlight)::[ \t]*(\w*)$/i, tag: ([, word = '']) => word },
  { opens: /^(?:code|program|script|source|content|solution|answer): ?[|>][-+]?\d?$/i, tag: () => '' },
]

/** A shell that is told to write a program to a file, or to hand it to what runs it. */
const hereDocument: Mark = {
  opens: /^(?:\$ )?(?:sudo )?(?:(?:cat|tee)\b.*|(?:python3?|node)(?: -)?\s*)<<-?\s*["'\\]?(\w+)["']?.*$/,
  tag: ({ input }) => /python|node/.exec(input)?.[0] ?? /\.(py|js|mjs)\b/.exec(input)?.[1] ?? '',
  closes: ([, word = '']) => word,
}

/** Blocks of code that are marked as other documents than Markdown do it. */
export function foreignBlocks(text: string, language: Language): Block[] {
  const lines = text.split('\n')
  const all = language === 'bash' ? marks : [...marks, hereDocument]
  const last = lines.findLastIndex((line) => divider.test(line.slice(0, lineStart)))
  const blocks: Block[] = []
  for (let at = 0; at < lines.length && blocks.length < mostBlocks; at += 1) {
    const line = (lines[at] ?? '').slice(0, lineStart)
    const opened = openedBy(line.trim(), all) ?? delimited(lines, at) ?? replaced(lines, at, last)
    if (!opened) continue
    const first = at + opened.skipped + 1
    const behind = lines.slice(first, first + mostLines)
    // A shell's prompts stand before what is typed in it.
    const rest = line.trim().startsWith('$ ')
      ? behind.map((typed) => typed.replace(/^\s*>( |$)/, ''))
      : behind
    const end = opened.closes === undefined ? indentedLines(rest, line) : closing(rest, opened.closes)
    const inside = end < 0 ? rest : rest.slice(0, end)
    // Options of a directive.
    const from = inside.findIndex((line) => !/^\s+:[\w-]+:/.test(line.slice(0, lineStart)))
    const code = inside.slice(Math.max(0, opened.closes === undefined ? from : 0)).join('\n')
    const closed = end >= 0
    const place = blocks.length
    blocks.push({ tag: opened.tag.toLowerCase(), code, closed, place, ...usual })
    // What stands within is the program's own.
    if (closed) at = first + end
  }
  return blocks
}

const usual = { depth: 0, trimmed: false, before: '' }

type Opened = { tag: string; closes: string | undefined; skipped: number }

function openedBy(line: string, all: readonly Mark[]): Opened | undefined {
  for (const { opens, tag, closes } of all) {
    const found = opens.exec(line)
    if (found) return { tag: tag(found), closes: closes?.(found), skipped: 0 }
  }
  return undefined
}

/** AsciiDoc's blocks: a line that tells what comes, and a delimiter. */
function delimited(lines: readonly string[], at: number): Opened | undefined {
  const told = /^\s*\[(?:source|listing)(?:,\s*(\w+))?.*\]\s*$/.exec((lines[at] ?? '').slice(0, lineStart))
  const delimiter = /^\s*(-{4,}|\.{4,}|={4,})\s*$/.exec((lines[at + 1] ?? '').slice(0, lineStart))?.[1]
  return told && delimiter ? { tag: told[1] ?? '', closes: delimiter, skipped: 1 } : undefined
}

const divider = /^\s*={5,9}\s*$/

/** An edit that tells what was there and what to put there: the latter. `last` is the last line that divides the two. */
function replaced(lines: readonly string[], at: number, last: number): Opened | undefined {
  const opening = /^\s*<{5,9} ?[\w./-]+\s*$/.exec((lines[at] ?? '').slice(0, lineStart))
  if (!opening || at > last) return undefined
  const skipped = lines.slice(at).findIndex((line) => divider.test(line.slice(0, lineStart)))
  return { tag: '', closes: '>>>>>>>', skipped }
}

function closing(rest: readonly string[], closes: string): number {
  const wanted = closes.toLowerCase()
  return rest.findIndex((line) => {
    const text = line.slice(0, lineStart).trim().toLowerCase()
    return text === wanted || (wanted === '>>>>>>>' && /^>{5,9} ?[\w./-]+$/.test(text))
  })
}

/** How many lines are blank or indented deeper than the one that opens the block. */
function indentedLines(rest: readonly string[], opening: string): number {
  const depth = opening.length - opening.trimStart().length
  const end = rest.findIndex((line) => line.trim() !== '' && line.length - line.trimStart().length <= depth)
  return end < 0 ? rest.length : end
}
