import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { extractPrograms } from './extract.ts'
import {
  compiledWrappings,
  escapedMarkings,
  foreignEndings,
  foreignFrames,
  foreignMarkings,
} from './harness/foreign-wrappings.ts'
import { goodPrograms, type KnownProgram } from './harness/programs.ts'
import { endings, framed, frames, markings, transcript } from './harness/wrappings.ts'
import type { Wrap } from './harness/wrap.ts'
import { languages } from '../languages.ts'

const programs = goodPrograms()
const wrappings = Object.entries<Wrap>({
  ...markings,
  ...endings,
  ...foreignMarkings,
  ...foreignEndings,
})
const allFrames: Record<string, Wrap> = { ...frames, ...foreignFrames }

function expectFound({ program, language }: KnownProgram, wrap: Wrap): void {
  const answer = wrap(program, languages[language].fences[0] ?? '', language)
  expect(extractPrograms(answer, language), answer).toContain(`${program}\n`)
}

test('there are at least sixty known programs in three languages, and many ways to send them', () => {
  expect(programs.length).toBeGreaterThanOrEqual(60)
  expect(new Set(programs.map(({ language }) => language)).size).toBe(3)
  expect(wrappings.length + Object.keys(allFrames).length).toBeGreaterThanOrEqual(12)
})

describe('every good program is found byte for byte', () => {
  test.each(wrappings)('in %s', (_, wrap) => {
    for (const known of programs) expectFound(known, wrap)
  })
  test.each(Object.entries(allFrames))('in a fence with %s around it', (_, frame) => {
    for (const known of programs) expectFound(known, framed(markings['a fence'], frame))
  })
  test.each(Object.entries<Wrap>(compiledWrappings))('in %s, unless it is one of Bash', (_, wrap) => {
    for (const known of programs.filter(({ language }) => language !== 'bash')) expectFound(known, wrap)
  })
  test.each(Object.entries<Wrap>(escapedMarkings))('in %s, unless it holds some', (_, wrap) => {
    for (const known of programs.filter(({ program }) => !program.includes('`'))) expectFound(known, wrap)
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
      one(allFrames),
      one(allFrames),
      (known, [, marking], [, inner], [, outer]) => expectFound(known, framed(marking, inner, outer)),
    ),
    // Always the same ones: what is found here is no matter of luck.
    { numRuns: 1000, seed: 7 },
  )
})
