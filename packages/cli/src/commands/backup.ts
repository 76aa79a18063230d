import { access, cp, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { command } from '../command.ts'
import type { Context } from '../context.ts'
import { CliError } from '../exit.ts'
import { harmlessJson } from '../harmless.ts'

export const backup = command({
  name: 'backup',
  summary:
    'Copies jobs, files, recordings and tokens into a new or empty folder, also while the server runs.',
  arguments: '<folder>',
  options: {},
  run: async ({ values, positionals: [folder = ''] }, { stateDir, out, report, signal }) => {
    const to = resolve(folder)
    await makeEmpty(to)
    // First of all: files that came later are of jobs that the copy knows, or are passed over.
    copyDatabase(join(stateDir, 'vitrine.db'), join(to, 'vitrine.db'))
    await cp(join(stateDir, 'token'), join(to, 'token'))
    for (const name of ['files', 'recordings']) {
      for (const job of await readdir(join(stateDir, name)).catch(ifMissing([]))) {
        signal.throwIfAborted()
        await copyJob(join(stateDir, name, job), join(to, name, job), signal)
      }
    }
    out(values.json === true ? `${harmlessJson({ backup: to })}\n` : `${to}\n`)
    report.say(`To use it, where no other server uses it: VITRINE_STATE_DIR=${to} ./vitrine up`)
    return 0
  },
})

async function makeEmpty(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  if ((await readdir(folder)).length > 0) {
    throw new CliError('usage', `${folder} is not empty; name a new folder`)
  }
}

/** One moment of it, whatever is written meanwhile. */
function copyDatabase(from: string, to: string): void {
  let database: DatabaseSync
  try {
    database = new DatabaseSync(from, { readOnly: true, timeout: 10_000 })
  } catch (error) {
    const message = `there is nothing to copy at ${from}; VITRINE_STATE_DIR tells where the server stores`
    throw new CliError('notFound', message, { cause: error })
  }
  try {
    database.prepare('vacuum into ?').run(to)
  } finally {
    database.close()
  }
}

/** Again where the server kept another version in between: what is copied is whole. */
async function copyJob(from: string, to: string, signal: Context['signal']): Promise<void> {
  for (;;) {
    signal.throwIfAborted()
    const before = await versions(from)
    const vanished = await cp(from, to, { recursive: true }).then(() => false, ifMissing(true))
    if (!vanished && (await versions(from)) === before) return
    await rm(to, { recursive: true, force: true })
    if (await access(from).then(() => false, ifMissing(true))) return
  }
}

/** What the indexes of a job's kept files say: which version of them is the present one. */
async function versions(folder: string): Promise<string> {
  const runs = await readdir(folder).catch(ifMissing([]))
  const indexes = runs.map((run) => readFile(join(folder, run, 'index.json'), 'utf8').catch(ifMissing('')))
  return (await Promise.all(indexes)).join('\n')
}

const ifMissing =
  <T>(value: T) =>
  (error: NodeJS.ErrnoException): T => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return value
    throw error
  }
