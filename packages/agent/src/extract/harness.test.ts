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
import { oddAnswers } from './harness/odd-answers.ts'
import { oddFrames } from './harness/odd-frames.ts'
import { oddMarkings } from './harness/odd-markings.ts'
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
const odd = Object.entries<Wrap>({ ...oddMarkings, ...oddAnswers })
const allFrames: Record<string, Wrap> = { ...frames, ...foreignFrames }

function expectFound({ program, language }: KnownProgram, wrap: Wrap): void {
  const answer = wrap(program, languages[language].fences[0] ?? '', language)
  expect(extractPrograms(answer, language), answer).toContain(`${program}\n`)
}

function expectAlike({ program, language }: KnownProgram, wrap: Wrap): void {
  const { comment, fences } = languages[language]
  const bare = (code: string) =>
    code
      .split('\n')
      .filter((line) => line.trim() !== '' && !comment.test(line))
      .join('\n')
      .trim()
  const answer = wrap(program, fences[0] ?? '', language)
  expect(extractPrograms(answer, language).map(bare), answer).toContain(bare(program))
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

describe('of the good programs without fences a fourth is found, but for comments and blank lines at its ends,', () => {
  const plain = programs.filter(({ program }) => !program.includes('```'))
  test.each(odd.map(([name, wrap], nth) => [name, wrap, nth] as const))('in %s', (_, wrap, nth) => {
    for (const known of plain.filter((_, place) => place % 4 === nth % 4)) expectAlike(known, wrap)
  })
  test.each(Object.entries<Wrap>(oddFrames))('in a fence with %s around it', (_, frame) => {
    for (const known of programs) expectAlike(known, framed(markings['a fence'], frame))
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
