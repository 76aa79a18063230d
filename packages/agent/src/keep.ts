import { rm } from 'node:fs/promises'
import type { Language } from '@vitrine/contract/job.ts'
import type { Answer } from './ask.ts'
import { writeOutput } from './files.ts'
import type { Judgement } from './judge.ts'
import { languages } from './languages.ts'
import type { Generation } from './model-server.ts'
import { output } from './places.ts'

/** Saves a program under /output in one step. */
export const saveProgram = (name: string, program: string): Promise<void> => write(name, Buffer.from(program))

export async function removeProgram(name: string): Promise<void> {
  await rm(`${output}/${name}`, { force: true })
}

/** Keeps all that belongs to a candidate under `/output/.vitrine/run-<run>/candidate-<number>/`. */
export async function keepCandidate(
  run: number,
  started: { candidate: number },
  prompt: Generation,
  { text, thinking, ...counts }: Answer,
  program: string | undefined,
  judgement: Judgement | undefined,
  language: Language,
): Promise<void> {
  const folder = `.vitrine/run-${run}/candidate-${started.candidate}`
  const facts = { ...started, ...counts, passed: judgement?.passed ?? false, checks: judgement?.checks ?? [] }
  await write(`${folder}/prompt.json`, Buffer.from(JSON.stringify(prompt, null, 2)))
  await write(`${folder}/answer.txt`, Buffer.from(text))
  if (thinking !== '') await write(`${folder}/thinking.txt`, Buffer.from(thinking))
  if (program !== undefined)
    await write(`${folder}/program.${languages[language].extension}`, Buffer.from(program))
  await write(`${folder}/candidate.json`, Buffer.from(JSON.stringify(facts, null, 2)))
}

async function write(path: string, content: Buffer): Promise<void> {
  const refused = await writeOutput(path, [content])
  if (refused) throw new Error(`${output}/${path} could not be written: ${refused}`)
}
