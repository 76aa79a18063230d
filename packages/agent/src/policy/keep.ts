import { rm } from 'node:fs/promises'
import type { Language } from '@vitrine/contract/job.ts'
import type { Answer } from './ask.ts'
import { writeOutput } from '../files/files.ts'
import type { Judgement } from '../checks/judge.ts'
import { languages } from '../languages.ts'
import type { Generation } from '../model-server.ts'
import { output } from '../places.ts'
import type { Sampling } from './sampling.ts'

/** How a candidate was asked for, as it is kept and told. */
export type Asked = {
  candidate: number
  kind: 'first' | 'repair' | 'fresh'
  style: string
  thinks: boolean
  model: string
  seed: number
  sampling: Sampling
}

/** Saves a program under /output in one step. */
export const saveProgram = (name: string, program: string): Promise<void> => write(name, program)

export async function removeProgram(name: string): Promise<void> {
  await rm(`${output}/${name}`, { force: true })
}

/**
 * Keeps what belongs to one candidate under `/output/.vitrine/run-<run>/candidate-<number>/`, each thing as soon as it is
 * known: of work that is cut off, what there was stays.
 */
export class CandidateFolder {
  readonly #path: string

  constructor(run: number, candidate: number) {
    this.#path = candidateFolder(run, candidate)
  }

  prompt(prompt: Generation): Promise<void> {
    return write(`${this.#path}/prompt.json`, JSON.stringify(prompt, null, 2))
  }

  async answer({ text, thinking }: Answer): Promise<void> {
    await write(`${this.#path}/answer.txt`, text)
    if (thinking !== '') await write(`${this.#path}/thinking.txt`, thinking)
  }

  /** The candidate is over: its program and what was found about it. */
  async judged(
    asked: Asked,
    { text: _, thinking: __, ...counts }: Answer,
    { program, judgement }: { program: string | undefined; judgement: Judgement | undefined },
    language: Language,
  ): Promise<void> {
    if (program !== undefined) await write(`${this.#path}/program.${languages[language].extension}`, program)
    const found = { passed: judgement?.passed ?? false, checks: judgement?.checks ?? [] }
    await write(`${this.#path}/candidate.json`, JSON.stringify({ ...asked, ...counts, ...found }, null, 2))
  }
}

export const candidateFolder = (run: number, candidate: number): string =>
  `.vitrine/run-${run}/candidate-${candidate}`

async function write(path: string, content: string): Promise<void> {
  const refused = await writeOutput(path, [Buffer.from(content)])
  if (refused) throw new Error(`${output}/${path} could not be written: ${refused}`)
}
