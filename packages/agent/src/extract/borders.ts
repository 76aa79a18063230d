import type { Language } from '@vitrine/contract/job.ts'
import { isLabel, isUsage, leadsUp } from './labels.ts'
import { languages } from '../languages.ts'
import { isTalk } from './prose.ts'

/** What is looked at of a line. */
const lineStart = 200

/**
 * Whether a line only shows where code begins or ends, in whatever marks: punctuation alone, a word behind or between such
 * marks, capitals. Lines that the language takes for code or for a comment are none.
 */
export function isBorder(line: string, language: Language): boolean {
  const text = line.slice(0, lineStart).trim()
  const { codeLine, comment } = languages[language]
  if (codeLine.test(text)) return false
  if (comment.test(text) && !/^\*{3,}$/.test(text)) return false
  return (
    /^[^\p{L}\p{N}]{2,}$|^[“”‘’"'`*|]$|^`{1,2}[a-z]*\d?$/u.test(text) ||
    /^[A-Z]\w*(?: \w+){0,2}: [^={}();"'`]{1,80}$/.test(text) ||
    /^[-=*#~<>:+_|/`]{2,}[ \w.{}[\]/`-]{1,60}[-=*#~<>:+_|/`]*$/.test(text) ||
    text.startsWith('` ` `') ||
    /^\[\/?\w[\w ]{0,30}\]$|^<[^<>]{1,200}>$|^\\(begin|end)\{|^@\w+(\{[.\w]*\})?$|^(?:(?:BEGIN|START|END|DONE|CODE|PROGRAM|SCRIPT|SOLUTION|ANSWER|FILE)[ _:]*){1,3}$/.test(
      text,
    )
  )
}

/** Whether a line stands around code: blank, a border, a label, talk. */
export function isAround(line: string, language: Language): boolean {
  return (
    line.trim() === '' ||
    isBorder(line, language) ||
    isLabel(line, language) ||
    leadsUp(line, language) ||
    isTalk(line, language) ||
    (language !== 'bash' && isUsage(line))
  )
}

/** Lines without those around code at both ends. */
export function withoutBorders(lines: readonly string[], language: Language): string | undefined {
  const first = lines.findIndex((line) => !isAround(line, language))
  const last = lines.findLastIndex((line) => !isAround(line, language))
  return first < 0 ? undefined : lines.slice(first, last + 1).join('\n')
}

/** Whether a piece of a program leaves out lines that are neither prose nor marks: then it is not what was meant. */
export function isExcerpt(piece: string, whole: string, language: Language): boolean {
  const at = whole.indexOf(piece.trim())
  if (at < 0 || piece.trim() === whole.trim()) return false
  const left = `${whole.slice(0, at)}\n${whole.slice(at + piece.trim().length)}`.split('\n')
  const isCode = (line: string) => /:\s*$/.test(line) && languages[language].codeLine.test(line)
  return left.some((line) => !isAround(line, language) && (!isMark(line) || isCode(line)))
}

const isMark = (line: string) =>
  /^\s*([`~>]{3,}.*|<.*>|\[\/?\w+\]|[{}[\]",]*|.*:|[\w.[]{1,60}\(\w+ ?= ?['"]{1,3}|['"]{1,3}[)\]]{1,2}|[\u00ad\u200b-\u200f\u2060\ufeff]*)?\s*$/.test(
    line.slice(0, lineStart),
  )
