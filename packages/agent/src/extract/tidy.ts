import type { Language } from '@vitrine/contract/job.ts'
import { isLabel } from './labels.ts'
import { withoutPrefix } from './prefixed.ts'

/**
 * The programs that a piece of an answer can be, the likeliest first: without blank lines around it and without the indentation that all of
 * it has, else as it came; what was typed where it is a transcript; without marks that code does not hold and that
 * models put in.
 */
export function shapes(code: string, language: Language): string[] {
  const plain = dedented(code)
  if (plain === '') return []
  const typed = transcript(plain, language)
  return [
    ...new Set([
      ...typed,
      ...withoutName(plain, language),
      ...unnumbered(plain),
      ...withoutPrefix(plain).map(dedented),
      withHardBlanks(plain),
      plain,
      ...firstAtMargin(plain),
      ...singleSpaced(plain),
      washed(plain),
      ...withoutEscapes(plain, language),
      ...oneLine(plain),
    ]),
  ]
}

function dedented(code: string): string {
  const lines = code.split('\n')
  while (lines[0]?.trim() === '') lines.shift()
  while (lines.at(-1)?.trim() === '') lines.pop()
  const filled = lines.filter((line) => line.trim() !== '')
  const indent = Math.min(...filled.map((line) => /^\s*/.exec(line)?.[0].length ?? 0))
  if (!Number.isFinite(indent)) return ''
  return `${indent === 0 ? lines.join('\n') : lines.map((line) => line.slice(indent)).join('\n')}\n`
}

/** The first line is often not where it stands: behind a tag that is indented. */
function firstAtMargin(code: string): string[] {
  return /^\s+\S.*\n[^]*^\S/m.test(code.slice(0, 2000)) && /^\s/.test(code) ? [code.trimStart()] : []
}

/** Blank lines between all lines. */
function singleSpaced(code: string): string[] {
  const lines = code.trimEnd().split('\n')
  if (lines.length < 3 || !lines.every((line, at) => at % 2 === 0 || line.trim() === '')) return []
  return [`${lines.filter((_, at) => at % 2 === 0).join('\n')}\n`]
}

/** A name of the language or of the file, which was meant to stand before the program or behind the fence. */
function withoutName(code: string, language: Language): string[] {
  const lines = code.split('\n')
  const first = lines.findIndex((line) => !isLabel(line, language))
  return first > 0 ? [dedented(lines.slice(first).join('\n'))] : []
}

/** What writers of Markdown and JSON put in: backslashes before marks, signs as numbers, stars for the underscores of names. */
function withoutEscapes(code: string, language: Language): string[] {
  const plain = code
    .replace(/\\([_*#[\]<>-])/g, '$1')
    .replace(/\\u00(3c|3e|26)/gi, (_, sign: string) => String.fromCharCode(Number.parseInt(sign, 16)))
  const named = language === 'python' ? plain.replace(/\*\*(\w+)\*\*/g, '__$1__') : plain
  return named === code ? [] : [named]
}

/** A transcript of a prompt: what was typed, without what was answered. */
function transcript(code: string, language: Language): string[] {
  const marks = {
    python: /^(>>>|\.\.\.|In \[\d+\]:| +\.\.\.:)( |$)/,
    javascript: /^(>|\.{3})( |$)/,
    bash: /^(\$|>|[\w.-]{1,40}@[\w.-]{1,40}:[^\s$#]{0,80}[$#])( |$)/,
  }[language]
  const lines = code.trimEnd().split('\n')
  const typed = lines.filter((line) => marks.test(line))
  if (!marks.test(lines[0] ?? '')) return []
  return [`${typed.map((line) => line.replace(marks, '')).join('\n')}\n`]
}

/** Hard blanks before a line are meant as indentation. */
function withHardBlanks(code: string): string {
  return code.replace(/^[ \t\u00a0\u2000-\u200a\u202f\u3000]+/gm, (blanks) => blanks.replace(/[^ \t]/g, ' '))
}

/** Typographic quotation marks and blanks, marks that are not seen, blanks at line ends. */
function washed(code: string): string {
  return code
    .replace(/[\0\u00ad\u200b-\u200f\u2060\ufeff]/g, '')
    .replace(/[\u00a0\u2000-\u200a\u202f\u3000]/g, ' ')
    .replace(/[“”„]/g, '"')
    .replace(/[‘’‚]/g, "'")
    .replace(/[ \t\v\f]+$/gm, '')
    .replace(/^\f+/gm, '')
}

/** Numbers that count the lines. */
function unnumbered(code: string): string[] {
  const number = /^ *[L[(]?0*(\d{1,5})(?:[\]).:|→]{1,2}| [|│→]|\t|(?=\s|$)) ?/
  const lines = code.trimEnd().split('\n')
  const first = Number(number.exec(lines[0]?.slice(0, 40) ?? '')?.[1])
  if (!lines.every((line, at) => Number(number.exec(line.slice(0, 40))?.[1]) === first + at)) return []
  return [dedented(lines.map((line) => line.replace(number, '')).join('\n'))]
}

/** Line ends that were written as `\n`. */
function oneLine(code: string): string[] {
  const line = code.trimEnd()
  return line.includes('\n') || !line.includes('\\n')
    ? []
    : [`${line.replaceAll('\\n', '\n').replaceAll('\\t', '\t').replaceAll('\\"', '"')}\n`]
}
