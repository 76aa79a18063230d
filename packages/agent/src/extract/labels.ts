import type { Language } from '@vitrine/contract/job.ts'
import { languages } from '../languages.ts'

/** Whether a line only says what the program below it is: a language, a file, a cell's kind, what a page's button says. */
export function isLabel(line: string, language: Language): boolean {
  const text = line.slice(0, 100).trim().toLowerCase()
  return (
    languages[language].fences.includes(text) ||
    (language === 'python' && /^[!%][a-z]\w*( .*)?$/.test(text)) ||
    /^(copy( code)?|edit|run|%%\w+( [\w./-]+)?|in ?\[[\d ]*\]:?)$/.test(text) ||
    /^(<!-- |[=*#/`> -]{1,8})?((file|path|filename): ?)?[\w/-]{1,60}\.(py|js|mjs|cjs|sh)(:1|:|[*`]{1,4}:?| -->| [=<*#-]{1,8})?$/.test(
      text,
    )
  )
}

/** Whether a line leads up to what comes. */
export function leadsUp(line: string, language: Language): boolean {
  const text = line.slice(0, 100).trim()
  return (
    /^(#{1,6} |\*\*)?[a-z][\w '’,-]{0,80}:(\*\*)?$/i.test(text) && !languages[language].codeLine.test(text)
  )
}

/** How a program is installed and started, or what it needs, and no program. */
export function isUsage(line: string): boolean {
  return /^\s*[\w.-]+[=~>]=[\d.]+\s*$|^\s*[!%][a-z]\w* .*|^\s*([$#] )?(sudo )?(python3?|node|bash|sh|chmod|pip3?|npm|apt(-get)?|cd|source|\.\/[\w.]+)( [\w./+=-]+)*$/.test(
    line.slice(0, 400),
  )
}
