import { createHash, randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rename, rm } from 'node:fs/promises'
import type { AgentEvent } from '@vitrine/contract/event.ts'
import { output } from '../places.ts'
import { writeOutput } from './files.ts'

const versions = '.vitrine/versions'

/**
 * A job's program under /output. Candidates are written over it, and somebody's hand may write there too: a text that is
 * none of the agent's is kept under `/output/.vitrine/versions/` when another takes its place.
 */
export class ProgramFile {
  readonly name: string
  readonly path: string
  readonly #known: Set<string>
  readonly #emit: (event: AgentEvent) => void

  /** `known` has the hashes of texts that were written or kept before; it lives as long as the sandbox. */
  constructor(name: string, known: Set<string>, emit: (event: AgentEvent) => void) {
    this.name = name
    this.path = `${output}/${name}`
    this.#known = known
    this.#emit = emit
  }

  /** The text as it is now, which is kept as a version where it is somebody's; undefined where there is no file. */
  async read(): Promise<string | undefined> {
    const text = await readFile(this.path).catch(() => undefined)
    if (text && !this.#known.has(hashOf(text))) {
      const copy = `${versions}/.${randomUUID()}`
      await write(copy, text)
      await this.#keep(`${output}/${copy}`, text)
    }
    return text?.toString('utf8')
  }

  /** Saves what shall be the program, where the file holds anything else, and tells of it. */
  async save(program: string): Promise<void> {
    const text = Buffer.from(program)
    const present = await readFile(this.path).catch(() => undefined)
    if (present?.equals(text)) return
    this.#known.add(hashOf(text))
    const next = `.vitrine/.${randomUUID()}`
    await write(next, text)
    await mkdir(`${output}/${versions}`, { recursive: true })
    // A second name for what is there the moment before it is replaced: what was saved since it was read is in it.
    const before = `${output}/${versions}/.${randomUUID()}`
    await link(this.path, before).catch(absent)
    await rename(`${output}/${next}`, this.path)
    const replaced = await readFile(before).catch(() => undefined)
    if (replaced && !this.#known.has(hashOf(replaced))) await this.#keep(before, replaced)
    else await rm(before, { force: true })
    this.#emit({ type: 'file.saved', data: { path: this.name, bytes: text.length } })
  }

  /** Gives a version its name: the first number that is free. */
  async #keep(from: string, text: Buffer): Promise<void> {
    let version = ''
    for (let number = 1; version === ''; number += 1) {
      const path = `${versions}/${number}-${this.name}`
      const isFree = await link(from, `${output}/${path}`).then(() => true, taken)
      if (isFree) version = path
    }
    await rm(from)
    this.#known.add(hashOf(text))
    this.#emit({ type: 'file.versioned', data: { path: this.name, version } })
  }
}

async function write(path: string, text: Buffer): Promise<void> {
  const refused = await writeOutput(path, [text])
  if (refused) throw new Error(`${output}/${path} could not be written: ${refused}`)
}

function absent(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}

function taken(error: NodeJS.ErrnoException): false {
  if (error.code !== 'EEXIST') throw error
  return false
}

const hashOf = (text: Buffer) => createHash('sha256').update(text).digest('hex')
