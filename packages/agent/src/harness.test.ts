import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { extractPrograms } from './extract.ts'
import { goodPrograms, type KnownProgram } from './harness/programs.ts'
import { endings, framed, frames, markings, transcript, type Wrap } from './harness/wrappings.ts'
import { languages } from './languages.ts'

const programs = goodPrograms()
const wrappings = Object.entries<Wrap>({ ...markings, ...endings })

function expectFound({ program, language }: KnownProgram, wrap: Wrap): void {
  const answer = wrap(program, languages[language].fences[0] ?? '', language)
  expect(extractPrograms(answer, language), answer).toContain(`${program}\n`)
}

test('there are at least sixty known programs in three languages, and many ways to send them', () => {
  expect(programs.length).toBeGreaterThanOrEqual(60)
  expect(new Set(programs.map(({ language }) => language)).size).toBe(3)
  expect(wrappings.length + Object.keys(frames).length).toBeGreaterThanOrEqual(12)
})

describe('every good program is found byte for byte', () => {
  test.each(wrappings)('in %s', (_, wrap) => {
    for (const known of programs) expectFound(known, wrap)
  })
  test.each(Object.entries<Wrap>(frames))('in a fence with %s around it', (_, frame) => {
    for (const known of programs) expectFound(known, framed(markings['a fence'], frame))
  })
  test('in a transcript', () => {
    for (const known of programs.filter(({ language }) => language === 'python'))
      expectFound(known, transcript)
  })
})

test('every good program is found in any marking within any two frames', () => {
  const one = <T>(all: Record<string, T>) => fc.constantFrom(...Object.entries(all))
  fc.assert(
    fc.property(
      fc.constantFrom(...programs),
      one<Wrap>(markings),
      one<Wrap>(frames),
      one<Wrap>(frames),
      (known, [, marking], [, inner], [, outer]) => expectFound(known, framed(marking, inner, outer)),
    ),
    { numRuns: 1000 },
  )
})
