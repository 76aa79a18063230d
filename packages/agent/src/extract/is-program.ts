import type { Language } from '@vitrine/contract/job.ts'
import { languages } from '../languages.ts'
import { lineStart, textBytes } from './bounds.ts'

/**
 * A program does something: more than comments, blank lines, lone literals, and texts with names. A fence's end, which is no error in
 * Bash, would hide one.
 */
export function isProgram(code: string, language: Language): boolean {
  if (isData(code, language) || (language === 'bash' && /(^|\n)[ \t]*`[` \t]*\n*$/.test(code.slice(-200))))
    return false
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

function isData(code: string, language: Language): boolean {
  if (code.length > textBytes) return false
  if (language === 'python' && /^(\w+ = "[^"]*"\s*)+$/.test(code.replace(languages.python.text, '""')))
    return true
  if (!/^[{[]/.test(code)) return false
  try {
    JSON.parse(code)
    return true
  } catch {
    return false
  }
}
