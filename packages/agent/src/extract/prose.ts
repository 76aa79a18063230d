import type { Language } from '@vitrine/contract/job.ts'
import { languages } from '../languages.ts'

const longest = 400
/** How many paragraphs at either end may be taken for prose. */
const most = 4

/** A line that is a sentence of words. */
export function isProseLine(line: string): boolean {
  if (line.length > longest) return false
  return /^[A-Z][\w’']*( [\w’',-]+){3,}[.:!?]?$/.test(line.trim())
}

/**
 * The ways to read lines as a program with prose before and behind it, the likeliest first: without all paragraphs at the
 * ends that look like prose, with some of them, with all.
 */
export function withoutProse(lines: readonly string[], language: Language): string[] {
  const starts = [0, ...lines.flatMap((_, at) => (isMargin(lines, at) ? [at] : []))]
  const prose = starts.map((start, nth) =>
    isProse(lines.slice(start, starts[nth + 1] ?? lines.length), language),
  )
  const lead = prose.findIndex((is) => !is)
  const tail = prose.findLastIndex((is) => !is)
  if (lead < 0) return []
  const from = [...new Set([starts[lead] ?? 0, 0])]
  const to = [...new Set([starts[tail + 1] ?? lines.length, ...proseFrom(lines, language), lines.length])]
  return [...new Set(from.flatMap((a) => to.map((b) => (b > a ? lines.slice(a, b).join('\n') : ''))))].filter(
    (code) => code !== '',
  )
}

/** Where prose begins behind code: the first paragraphs that look like it. */
export function proseFrom(lines: readonly string[], language: Language): number[] {
  const starts = lines.flatMap((_, at) => (isMargin(lines, at) ? [at] : []))
  return starts
    .filter((start, nth) => isProse(lines.slice(start, starts[nth + 1] ?? lines.length), language))
    .slice(0, most)
}

/** A paragraph begins here, behind a blank line and not indented. */
function isMargin(lines: readonly string[], at: number): boolean {
  return at > 0 && lines[at - 1]?.trim() === '' && /^\S/.test(lines[at] ?? '')
}

/** Sentences, a heading, a list of sentences; nothing that the language would take for code or a comment. */
function isProse(paragraph: readonly string[], language: Language): boolean {
  const [first = '', ...rest] = paragraph
    .filter((line) => line.trim() !== '')
    .map((line) => line.slice(0, longest))
  if (first === '') return true
  if (rest.some((line) => languages[language].codeLine.test(line) && !isSentence(line))) return false
  return isTalk(first, language)
}

/** Whether a line is written for people, and not in the language. */
export function isTalk(line: string, language: Language): boolean {
  const start = line.slice(0, longest)
  const { codeLine, comment } = languages[language]
  const told = /^[A-Z][\w ]{0,30}: (.*)$/.exec(start)?.[1]
  if (told !== undefined && codeLine.test(told)) return false
  if (isSaid(start)) return true
  return isRemark(start) && !codeLine.test(start) && !comment.test(start)
}

/** Whether a line is written for people. */
export function isSaid(line: string): boolean {
  const start = line.slice(0, longest)
  return isHeading(start) || isSentence(start) || /^[A-Z][\w '’,-]*[:.!?]$/.test(withoutMarks(start))
}

const isHeading = (line: string) => /^(#{2,6} \S|\*\*[^*]+\*\*:?$|-{3,}$)/.test(line)

/** Words and punctuation, and at least three words; brackets only around words. */
function isSentence(line: string): boolean {
  const text = withoutMarks(line)
  return /^\p{Lu}[\p{L}\p{N}_’'-]*[,!:]? /u.test(text) && holdsWords(text)
}

/** A sentence that begins small, or in a script without capitals. */
function isRemark(line: string): boolean {
  const text = withoutMarks(line)
  return (
    (/^\p{Ll}.*[.!?:]$/u.test(text) && holdsWords(text) && !/[$|<>"[\]\\/]/.test(text)) ||
    /^\p{Lo}{2}[^=(){}"';]+$/u.test(text)
  )
}

const holdsWords = (text: string) =>
  (text.match(/[\p{L}\p{N}_’'-]+/gu)?.length ?? 0) >= 3 && !/[={}]|;(?! \w)|\w\(|\)$|\\$/.test(text)

/** Without the marks of Markdown, and without emoji around. */
const withoutMarks = (line: string) =>
  line
    .trim()
    .replace(/^([-*•] |\d+[.)] )/, '')
    .replaceAll('**', '')
    .replace(/`[^`]*`/g, 'code')
    .replace(/^[\p{Extended_Pictographic}\ufe0f ]+|[\p{Extended_Pictographic}\ufe0f ]+$/gu, '')
