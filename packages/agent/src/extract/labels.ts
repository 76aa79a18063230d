import type { Language } from '@vitrine/contract/job.ts'
import { languages } from '../languages.ts'

/** Whether a line only says what the program below it is: a language, a file, a cell's kind, what a page's button says. */
export function isLabel(line: string, language: Language): boolean {
  const text = line.slice(0, 100).trim().toLowerCase()
  return (
    languages[language].fences.includes(text) ||
    /^(copy( code)?|edit|%%\w+( [\w./-]+)?|[\w-]{1,60}\.(py|js|mjs|cjs|sh)(:1)?)$/.test(text)
  )
}

/** Whether a line leads up to what comes. */
export function leadsUp(line: string, language: Language): boolean {
  const text = line.slice(0, 100).trim()
  return (
    /^(#{1,6} |\*\*)?[a-z][\w '’,-]{0,80}:(\*\*)?$/i.test(text) && !languages[language].codeLine.test(text)
  )
}
