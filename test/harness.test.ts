import { languages } from '@vitrine/agent/languages.ts'
import { extractPrograms } from '@vitrine/agent/extract/extract.ts'
import { badPrograms, noPrograms, wanted } from '@vitrine/agent/extract/harness/bad-programs.ts'
import { oddAnswers } from '@vitrine/agent/extract/harness/odd-answers.ts'
import { oddMarkings } from '@vitrine/agent/extract/harness/odd-markings.ts'
import { goodPrograms } from '@vitrine/agent/extract/harness/programs.ts'
import { answerWrappings, endings, markings, transcript } from '@vitrine/agent/extract/harness/wrappings.ts'
import type { Wrap } from '@vitrine/agent/extract/harness/wrap.ts'
import { JobLimits, type Language } from '@vitrine/contract/job.ts'
import type { Assignment } from '@vitrine/contract/link.ts'
import { expect, onTestFinished, test } from 'vitest'
import { startScriptedOllama } from './testbed/scripted-ollama.ts'
import { startSolver, type Solved } from './testbed/solver.ts'

/*
 * These run the agent's own `solve` in real sandboxes, one job after the other in each (see testbed/solver.ts), on answers of a
 * scripted model. From its readings on, an answer's fate does not depend on its wrapping: of the thousands of answers
 * those whose readings are alike, up to the program itself, are one job.
 */

type Case = { name: string; answer: string; language: Language; stdout: string; seconds?: number }

test('every good program in every wrapping passes, and is the first of its answer’s readings that is run', async () => {
  const cases = distinct(
    goodPrograms().flatMap(({ language, name, program, stdout }) =>
      Object.entries(wrappingsOf(language)).map(([wrapping, wrap]) => {
        const answer = wrap(program, languages[language].fences[0] ?? '', language)
        const readings = extractPrograms(answer, language)
        const key = JSON.stringify(readings.slice(0, readings.indexOf(`${program}\n`) + 1 || 16))
        return { key, name: `${language}: ${name} in ${wrapping}`, answer, language, stdout }
      }),
    ),
  )
  const lost: string[] = []
  await solveAll(cases, ({ name, stdout, language }, { verdict, stdout: printed, events }) => {
    const runs = events.filter(({ type, data }) => type === 'check.started' && data.check === 'runs').length
    if (verdict.outcome !== 'passed' || printed !== stdout || runs !== 1)
      lost.push(`${name} (${language}): ${verdict.outcome}, ${runs} readings were run`)
  })
  expect(lost).toEqual([])
  console.log(`${cases.length} different jobs`)
}, 300_000)

test('of the good programs a fourth passes in each odd wrapping', async () => {
  const cases = distinct(
    odd.flatMap(([wrapping, wrap], nth) =>
      goodPrograms()
        .filter((_, place) => place % 4 === nth % 4)
        .map(({ language, name, program, stdout }) => {
          const answer = wrap(program, languages[language].fences[0] ?? '', language)
          const readings = extractPrograms(answer, language)
          const key = JSON.stringify(readings.slice(0, readings.indexOf(`${program}\n`) + 1 || 16))
          return { key, name: `${language}: ${name} in ${wrapping}`, answer, language, stdout }
        }),
    ),
  )
  const lost: string[] = []
  await solveAll(cases, ({ name }, { verdict }) => {
    if (verdict.outcome !== 'passed') lost.push(name)
  })
  expect(lost).toEqual([])
  console.log(`${cases.length} different jobs`)
}, 300_000)

test('no bad program, in whatever wrapping, and no answer without a program succeeds', async () => {
  const wrapped = badPrograms.flatMap(({ language, name, program, seconds }) =>
    Object.entries(seconds === undefined ? fewWrappings : { fence: markings['a fence'] }).map(
      ([wrapping, wrap]) => {
        const answer = wrap(program, languages[language].fences[0] ?? '', language)
        const key = JSON.stringify([language, extractPrograms(answer, language), seconds])
        return {
          key,
          name: `${language}: ${name} in ${wrapping}`,
          answer,
          language,
          stdout: wanted,
          ...(seconds && { seconds }),
        }
      },
    ),
  )
  const empty = noPrograms.map((answer) => ({
    key: answer,
    name: answer,
    answer,
    language: 'python' as const,
    stdout: wanted,
  }))
  const passed: string[] = []
  const cases = [...distinct(wrapped), ...empty]
  await solveAll(cases, ({ name }, { verdict }) => {
    if (verdict.outcome !== 'failed') passed.push(name)
  })
  expect(passed).toEqual([])
  console.log(`${cases.length} different jobs`)
}, 300_000)

test('without a check the output that two candidates agree on is chosen, and silence is not taken for an output', async () => {
  const said = (code: string) => `\`\`\`python\n${code}\n\`\`\``
  const plays = {
    'Two agree.': ['print(1)', 'print(2)', 'print("2")', 'print(3)'],
    'One is silent.': ['x = 1', 'x = 2', 'print(3)', 'x = 4'],
  }
  const ollama = await startScriptedOllama({
    models: [{ name: 'qwen3:0.6b', template: '{{ .Messages }}' }],
    answers: ({ body }) => {
      const asked = JSON.stringify(body)
      const [, programs] = Object.entries(plays).find(([task]) => asked.includes(task))!
      return said(programs.shift() ?? '')
    },
  })
  onTestFinished(() => ollama[Symbol.asyncDispose]())
  const solver = await startSolver(ollama.url)
  onTestFinished(() => solver[Symbol.asyncDispose]())
  const [two, silent] = await Promise.all([
    solver.solve({ task: 'Two agree.' }),
    solver.solve({ task: 'One is silent.' }),
  ])
  expect(two).toMatchObject({
    stdout: '2\n',
    program: 'print(2)\n',
    verdict: { outcome: 'ran', candidate: 2, candidates: 3 },
  })
  expect(silent).toMatchObject({ stdout: '3\n', verdict: { outcome: 'ran', candidate: 3, candidates: 4 } })
})

const odd = Object.entries<Wrap>({ ...oddMarkings, ...oddAnswers })
const fewWrappings: Record<string, Wrap> = Object.fromEntries([
  ...Object.entries<Wrap>({ ...markings, ...endings }).filter((_, place) => place % 2 === 0),
  ...odd.filter((_, place) => place % 16 === 0),
])

function wrappingsOf(language: Language): Record<string, Wrap> {
  return { ...answerWrappings, ...(language === 'python' && { 'a transcript': transcript }) }
}

function distinct<T extends { key: string }>(cases: readonly T[]): T[] {
  return [...new Map(cases.map((one) => [one.key, one])).values()]
}

async function solveAll(cases: readonly Case[], look: (one: Case, solved: Solved) => void): Promise<void> {
  const answers = new Map(cases.map(({ answer }, number) => [`Case ${number}`, answer]))
  const ollama = await startScriptedOllama({
    models: [{ name: 'qwen3:0.6b', template: '{{ .Messages }}' }],
    answers: ({ body }) => answers.get((body['messages'] as { content: string }[])[1]?.content ?? '') ?? '',
  })
  onTestFinished(() => ollama[Symbol.asyncDispose]())
  const solver = await startSolver(ollama.url)
  onTestFinished(() => solver[Symbol.asyncDispose]())
  await Promise.all(
    cases.map(async (one, number) => {
      const limits = JobLimits.parse({ candidates: 1, ...(one.seconds && { seconds: one.seconds }) })
      const check: Assignment['check'] = { stdout: one.stdout, whitespace: 'exact' }
      look(one, await solver.solve({ task: `Case ${number}`, language: one.language, limits, check }))
    }),
  )
}
