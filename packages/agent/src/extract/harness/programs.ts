import { readFileSync } from 'node:fs'
import type { Language } from '@vitrine/contract/job.ts'

export type KnownProgram = { language: Language; name: string; program: string; stdout: string }

/**
 * Programs of every shape that are known to be good, with what they print: the sections of `<language>.txt`, which
 * begin with `=== name`; what is printed comes behind `--- prints`.
 */
export function goodPrograms(): KnownProgram[] {
  const texts = ['python', 'javascript', 'bash'] as const
  return texts.flatMap((language) => {
    const text = readFileSync(new URL(`${language}.txt`, import.meta.url), 'utf8')
    return text
      .split(/^=== /m)
      .slice(1)
      .map((section) => parse(section, language))
  })
}

function parse(section: string, language: Language): KnownProgram {
  const [name, rest] = cut(section, '\n')
  const [program, stdout] = cut(rest, '\n--- prints\n')
  return { language, name, program, stdout }
}

function cut(text: string, at: string): [string, string] {
  const index = text.indexOf(at)
  if (index < 0) throw new Error(`A section of known programs lacks ${JSON.stringify(at)}: ${text}`)
  return [text.slice(0, index), text.slice(index + at.length)]
}
