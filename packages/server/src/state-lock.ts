import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/**
 * Takes the state directory for this process. The lock is the kernel's (SQLite's exclusive file lock), so it ends with
 * the process however that ends. Throws one readable message that names the process that has it.
 */
export async function lockState(stateDir: string): Promise<Disposable> {
  const file = openLock(join(stateDir, 'lock'))
  try {
    file.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE')
  } catch (error) {
    file.close()
    if (!isBusy(error)) throw unusable(error)
    const holder = await readServerFile(stateDir)
    throw new Error(
      `Another Vitrine server uses ${stateDir}${holder ? `: process ${holder.pid}, at ${holder.url}` : ''}. ` +
        'Stop it with `./vitrine down`, or choose another VITRINE_STATE_DIR.',
      { cause: error },
    )
  }
  return { [Symbol.dispose]: () => file.close() }
}

/** Makes the state directory, closed to everybody else. Throws one readable message where it is not this user's. */
export async function makeStateDirectory(stateDir: string): Promise<void> {
  try {
    await mkdir(stateDir, { recursive: true, mode: 0o700 })
    await chmod(stateDir, 0o700)
  } catch (error) {
    throw unusable(error)
  }
}

function openLock(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path)
  } catch (error) {
    throw unusable(error)
  }
}

const sqliteBusy = 5

const isBusy = (error: unknown) =>
  error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === sqliteBusy

const unusable = (cause: unknown) =>
  new Error(
    `The state directory cannot be used: ${(cause as Error).message}. ` +
      'It must belong to the user that runs the server (in a container: root), with all that is in it, and take what is ' +
      'written; change its owner, or choose another one with VITRINE_STATE_DIR.',
    { cause },
  )

/** Where the server of a state directory listens; the CLI reads it too. */
export type ServerFile = { url: string; pid: number; installation: string }

export const serverFile = (stateDir: string): string => join(stateDir, 'server.json')

/** Whole or not at all: others look for it while the server starts. */
export async function writeServerFile(stateDir: string, file: ServerFile): Promise<void> {
  const part = `${serverFile(stateDir)}.part`
  await writeFile(part, JSON.stringify(file))
  await rename(part, serverFile(stateDir))
}

async function readServerFile(stateDir: string): Promise<ServerFile | null> {
  try {
    return JSON.parse(await readFile(serverFile(stateDir), 'utf8')) as ServerFile
  } catch {
    return null
  }
}
