import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { CliError } from './exit.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Where the server keeps what it stores. */
export function stateDirectory(environment: Environment): string {
  return resolve(environment['VITRINE_STATE_DIR'] || join(homedir(), '.vitrine'))
}

export type ServerFile = { url: string; pid: number; installation: string }

/** The address and the process of the server that was started last on a state directory; it may be gone. */
export async function readServerFile(stateDir: string): Promise<ServerFile | undefined> {
  const text = await readIfThere(join(stateDir, 'server.json'))
  return text === undefined ? undefined : (parsed(text) as ServerFile | undefined)
}

/** Where a full disk or a power cut left only a part of a file, it tells as little as none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export async function readToken(stateDir: string): Promise<string | undefined> {
  return (await readIfThere(join(stateDir, 'token')))?.trim()
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    if (code !== 'EACCES') throw error
    throw new CliError(
      'unreachable',
      `${path} belongs to another user; run this as the user that ran ./vitrine up`,
    )
  }
}
