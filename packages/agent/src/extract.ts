import type { Language } from '@vitrine/contract/job.ts'
import { fencedBlocks, type Block } from './fences.ts'
import { languages } from './languages.ts'
import { spokenPart } from './spoken.ts'

const mostBytes = 1_000_000
const mostPrograms = 12
/** No program that a small model writes is longer. */
const programBytes = 200_000
/** What is looked at of a line: some expressions below need the square of a line's length. */
const lineStart = 400

/**
 * The programs that an answer may hold, the most plausible first; none where it holds nothing like a program.
 * Deterministic; looks at the first megabyte. A compiler must choose: readings that contradict each other are all listed.
 */
export function extractPrograms(answer: string, language: Language): string[] {
  const text = clean(answer)
  const spoken = spokenPart(text)
  const readings = [
    ...fencedReadings(spoken, language),
    ...unfencedReadings(spoken, language),
    ...(spoken === text ? [] : thoughtReadings(text, language)),
  ]
  const best = new Map<string, number>()
  for (const { code, score } of readings) {
    if (code.length > programBytes) continue
    const program = tidy(code)
    if (!isProgram(program, language)) continue
    best.set(program, Math.max(score, best.get(program) ?? -Infinity))
  }
  return [...best]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, mostPrograms)
    .map(([program]) => program)
}

type Reading = { code: string; score: number }

function clean(answer: string): string {
  return answer
    .slice(0, mostBytes)
    .replace(/\r\n?/g, '\n')
    .replace(/[\0\u200b\u200e\u200f\u2060\ufeff]/g, '')
    .replace(/[\u00a0\u202f]/g, ' ')
}

function fencedReadings(text: string, language: Language): Reading[] {
  const blocks = fencedBlocks(text)
  const readings = blocks.map((block) => ({ code: block.code, score: plausibility(block, language) }))
  const ours = blocks.filter((block) => block.depth === 0 && tagScore(block.tag, language) > 0)
  // A program told in steps, one fence each: only where no single one will do.
  if (ours.length > 1) {
    const score = Math.max(...ours.map((block) => plausibility(block, language))) - 30
    readings.push({ code: ours.map(({ code }) => code.trimEnd()).join('\n\n'), score })
  }
  return readings
}

/** A program may hold a thinking tag itself: then what was taken for thinking is read after all, behind the rest. */
function thoughtReadings(text: string, language: Language): Reading[] {
  return fencedReadings(text, language)
    .filter(({ code }) => looksLikeCode(code, language))
    .map(({ code, score }) => ({ code, score: score - 500 }))
}

function plausibility(block: Block, language: Language): number {
  return (
    tagScore(block.tag, language) +
    sizeScore(block.code, language) -
    (block.closed ? 0 : 25) -
    20 * block.depth -
    (block.trimmed ? 5 : 0)
  )
}

function tagScore(tag: string, language: Language): number {
  if (languages[language].fences.includes(tag)) return 100
  if (tag === '' || neutralTags.has(tag)) return 20
  return -100
}

const neutralTags = new Set(['code', 'text', 'txt', 'plaintext', 'program', 'tool_code', 'script', 'source'])

/** How much of it looks like code of the language, and how much there is: whole programs are longer than excerpts. */
function sizeScore(code: string, language: Language): number {
  const { codeLine } = languages[language]
  const lines = code.split('\n').filter((line) => line.trim() !== '')
  const codeLines = lines.filter((line) => codeLine.test(line.slice(0, lineStart))).length
  return (lines.length === 0 ? 0 : (20 * codeLines) / lines.length) + 6 * Math.log2(1 + codeLines)
}

/** An answer without fences: all of it, or the longest stretch between lines of prose; other ways of marking code. */
function unfencedReadings(text: string, language: Language): Reading[] {
  const isFence = (line: string) => /^\s*(`{3,}|~{3,})/.test(line.slice(0, lineStart))
  const lines = text.split('\n')
  const bare = lines.filter((line) => !isFence(line))
  const codes = [
    ...markedCodes(text),
    ...(isFence(lines.find((line) => line.trim() !== '') ?? '') ? [] : [text, stretch(lines, language)]),
    ...(bare.length === lines.length ? [] : [stretch(bare, language)]),
  ]
  return codes
    .filter((code) => code.length <= programBytes && looksLikeCode(code, language))
    .map((code) => ({ code, score: sizeScore(code, language) - 60 }))
}

/** `<code>…</code>`, `[PYTHON]…[/PYTHON]`, a JSON string under "code", backticks around one line. */
function markedCodes(text: string): string[] {
  const names = ['pre', 'code', 'program', 'script', 'python', 'bash', 'javascript', 'answer']
  const tagged = names.flatMap((name) => [
    ...between(text, `<${name}`, `</${name}>`),
    ...between(text, `[${name}]`, `[/${name}]`),
  ])
  const html = tagged.map((code) => code.replace(/^[^>\n]{0,200}>/, ''))
  const lastLine = text.trim().split('\n').at(-1)?.slice(-2000) ?? ''
  const inline = /`([^`]+)`\.?$/.exec(lastLine)?.[1]
  return [...tagged, ...html, ...html.map(unescapeHtml), ...jsonCodes(text), ...(inline ? [inline] : [])]
}

/** What stands between two marks, upper or lower case; only the first few, so that it stays linear. */
function between(text: string, opening: string, closing: string): string[] {
  const lower = text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
  const found: string[] = []
  for (let at = lower.indexOf(opening); at >= 0 && found.length < 4; at = lower.indexOf(opening, at + 1)) {
    const end = lower.indexOf(closing, at)
    if (end < 0) break
    found.push(text.slice(at + opening.length, end))
  }
  return found
}

function jsonCodes(text: string): string[] {
  const keys = [...text.matchAll(/"(?:code|program|source|content|script)"\s{0,20}:\s{0,20}(?=")/g)].slice(
    0,
    4,
  )
  return keys.flatMap(({ index, 0: key }) => {
    const start = index + key.length
    let end = start + 1
    while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1
    return end < text.length ? [parseString(text.slice(start, end + 1))] : []
  })
}

/** From the first line of code to the last, lines of prose at both ends left out. */
function stretch(lines: string[], language: Language): string {
  const { codeLine, comment } = languages[language]
  const isCode = (line: string) => codeLine.test(line.slice(0, lineStart)) && !isProse(line)
  let first = lines.findIndex(isCode)
  while (first > 0 && comment.test(lines[first - 1] ?? '')) first -= 1
  const last = lines.findLastIndex((line) => isCode(line) || /^\s+\S|^[)\]}"']/.test(line))
  return first < 0 ? '' : lines.slice(first, last + 1).join('\n')
}

function isProse(line: string): boolean {
  if (line.length > lineStart) return false
  return /^[A-Z][\w’']*( [\w’',-]+){3,}[.:!?]?$/.test(line.trim())
}

function looksLikeCode(code: string, language: Language): boolean {
  const lines = code.split('\n').filter((line) => line.trim() !== '')
  const codeLines = lines.filter(
    (line) => languages[language].codeLine.test(line.slice(0, lineStart)) && !isProse(line),
  )
  return codeLines.length > 0 && codeLines.length >= lines.length / 4
}

/** A program does something: more than comments, blank lines and lone literals. */
function isProgram(code: string, language: Language): boolean {
  let quotes: string | undefined
  return code.split('\n').some((line) => {
    const text = line.trim().slice(0, lineStart)
    if (quotes !== undefined) {
      if (text.includes(quotes)) quotes = undefined
      return false
    }
    const docstring = language === 'python' ? /^[rub]{0,2}("""|''')(.*)$/i.exec(text) : null
    if (docstring) {
      if (!docstring[2]?.includes(docstring[1] ?? '')) quotes = docstring[1]
      return false
    }
    const isLiteral = /^(#!.*|[`~]{3,}.*|['"][^'"]*['"];?|[\d.]+;?|pass|\.\.\.)$/.test(text)
    return text !== '' && !languages[language].comment.test(text) && !isLiteral
  })
}

/** Takes off what surrounds code: common indentation, blank lines at the ends, a prompt's or a quotation's marks. */
function tidy(code: string): string {
  const lines = code.split('\n').map((line) => line.trimEnd())
  while (lines[0]?.trim() === '') lines.shift()
  while (lines.at(-1)?.trim() === '') lines.pop()
  const filled = lines.filter((line) => line !== '')
  if (filled.some((line) => line.startsWith('>>> '))) return repl(lines)
  const indent = Math.min(...filled.map((line) => /^\s*/.exec(line)?.[0].length ?? 0))
  return Number.isFinite(indent) ? `${lines.map((line) => line.slice(indent)).join('\n')}\n` : ''
}

/** A transcript of Python's prompt: what was typed, without what was answered. */
function repl(lines: string[]): string {
  const typed = lines.filter((line) => /^\s*(>>>|\.\.\.)( |$)/.test(line))
  return `${typed.map((line) => line.replace(/^\s*(>>>|\.\.\.) ?/, '')).join('\n')}\n`
}

function parseString(literal: string): string {
  try {
    return String(JSON.parse(literal.replace(/\n/g, '\\n').replace(/\t/g, '\\t')))
  } catch {
    return ''
  }
}

function unescapeHtml(text: string): string {
  const entities: Record<string, string> = {
    lt: '<',
    gt: '>',
    quot: '"',
    '#39': "'",
    '#x27': "'",
    apos: "'",
    amp: '&',
  }
  return text
    .replace(/<[^>]*>/g, '')
    .replace(/&(lt|gt|quot|#39|#x27|apos|amp);/g, (all, name: string) => entities[name] ?? all)
}
