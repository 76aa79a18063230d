import { createHash } from 'node:crypto'
import { languages } from '@vitrine/agent/languages.ts'
import { answerWrappings } from '@vitrine/agent/extract/harness/wrappings.ts'
import type { Ask } from './model.ts'
import type { SolveTask } from './tasks.ts'

/**
 * A model of known skill: each of its samples is right with probability `skill`, else wrong in a way that small models
 * are, and comes in one of the wrappings that models use. What it answers depends on task, prompt and place only.
 */
export function simulatedSamples(skill: number, tasks: readonly SolveTask[]): Ask {
  return async ({ path, body, task, nth }) => {
    const known = tasks.find((one) => one.task === task)!
    const chance = chances(`${skill} ${path} ${JSON.stringify(body['messages'] ?? '').length} ${task} ${nth}`)
    const isRight = chance() < skill
    const program = isRight ? known.program : pick(mistakes, chance())(known, chance)
    const wrap = pick(Object.values(answerWrappings), chance())
    const tag = languages[known.language].fences[0] ?? ''
    // A prompt that ends within a fence is gone on with, up to the stop words.
    const text = body['raw'] === true ? `${program}\n` : wrap(program, tag, known.language)
    const tokensOut = Math.ceil(text.length / 4)
    return {
      text,
      isRight,
      doneReason: 'stop',
      tokensIn: 100,
      tokensOut,
      seconds: tokensOut / 30,
      promptSeconds: 0,
    }
  }
}

type Mistake = (task: SolveTask, chance: () => number) => string

const mistakes: Mistake[] = [
  // Another number, the smallest slip that there is; or a text in the place of the answer.
  ({ program, language }, chance) => {
    const numbers = [...program.matchAll(/\d+/g)]
    const { index, 0: number } = numbers[Math.floor(chance() * numbers.length)] ?? { index: 0, 0: '' }
    if (number === '') return printed(language, 'done')
    return (
      program.slice(0, index) +
      String(Number(number) + 1 + Math.floor(chance() * 3)) +
      program.slice(index + number.length)
    )
  },
  ({ stdout, language }, chance) => printed(language, `${stdout.split('\n')[0]} ${Math.floor(chance() * 5)}`),
  // A name that does not exist.
  ({ program, language }) =>
    language === 'bash' ? `${program}\ntotal_of_it` : `${program}\nprint_it(result_of_it)`,
  // A bracket or a quotation mark too few.
  ({ program }, chance) => {
    const marks = [...program.matchAll(/[)"\]]/g)]
    const { index = 0 } = marks[Math.floor(chance() * marks.length)] ?? {}
    return program.slice(0, index) + program.slice(index + 1)
  },
  // Cut off in the middle.
  ({ program }, chance) => program.slice(0, Math.floor(program.length * (0.3 + 0.5 * chance()))),
  // Only a definition.
  ({ language }) =>
    language === 'python'
      ? 'def solve():\n    return 1'
      : language === 'bash'
        ? 'solve() {\n  :\n}'
        : 'function solve() {\n  return 1;\n}',
]

const printed = (language: SolveTask['language'], text: string) =>
  ({ python: `print("${text}")`, javascript: `console.log("${text}");`, bash: `echo "${text}"` })[
    language
  ].replaceAll('\n', ' ')

function pick<T>(list: readonly T[], chance: number): T {
  return list[Math.floor(chance * list.length)]!
}

/** Numbers from 0 to 1 that look random and are the same for the same words. */
function chances(words: string): () => number {
  let turn = 0
  return () => createHash('sha256').update(`${words} ${turn++}`).digest().readUInt32BE() / 2 ** 32
}
