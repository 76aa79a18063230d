import { spawn, type ChildProcess } from 'node:child_process'
import { access, constants, mkdir, open, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from '../connection.ts'
import type { Context } from '../context.ts'
import { CliError } from '../exit.ts'
import { parsed, readServerFile, type ServerFile } from '../state.ts'
import { checkout } from './checkout.ts'
import { needRoom } from './disk.ts'
import type { Engine } from './docker.ts'
import { hashOf } from './hash.ts'
import { lastWords } from './last-words.ts'
import { isServer } from './process.ts'
import type { Settings } from './settings.ts'

const startDeadline = 60_000
const logLimit = 20 * 2 ** 20
/**
 * How Node runs a server that takes little memory. A smaller nursery for what is short-lived saves 10 MB; that glibc keeps
 * two arenas, and no pictures of desktops in them (mallopt(3)), saves 15 MB more.
 */
export const lean = {
  flags: ['--max-semi-space-size=4'],
  environment: { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '131072' },
}
const code = [
  'packages/server',
  'packages/contract',
  'packages/sdk',
  'packages/web',
  'packages/engine/src',
  'package-lock.json',
]

/** What `up` started: kept in `up.json`, so that a later `up` knows whether it is still what is wanted. */
export type Started = { pid: number; installation: string; code: string; settings: Settings }

/** The server of this state directory, if it runs; `started` is undefined where something else than `up` started it. */
export async function runningServer(
  stateDir: string,
): Promise<(ServerFile & { started: Started | undefined }) | undefined> {
  const server = await readServerFile(stateDir)
  if (!server || !(await isServer(server.pid))) return undefined
  const started = await lastStarted(stateDir)
  return { ...server, started: started?.pid === server.pid ? started : undefined }
}

/** What `up` started last on this state directory, running or not. */
export async function lastStarted(stateDir: string): Promise<Started | undefined> {
  const text = await readFile(upFile(stateDir), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (parsed(text) as Started | undefined)
}

/** Changes whenever a server that is started now would be another program than one that was started before. */
export const codeHash = (): Promise<string> => hashOf(checkout(), code, process.version)

/** Starts the server in the background and waits until it answers. A server that dies takes its last words here. */
export async function startServer(settings: Settings, engine: Engine, context: Context): Promise<void> {
  const { stateDir, environment, signal } = context
  const log = join(stateDir, 'server.log')
  if (await isLarge(log)) await rename(log, `${log}.1`)
  await using file = await open(log, 'a', 0o600)
  const begin = (await file.stat()).size
  const root = checkout()
  const child = spawn(process.execPath, [...lean.flags, join(root, 'packages/server/src/main.ts')], {
    detached: true,
    cwd: root,
    env: {
      ...lean.environment,
      ...environment,
      ...settings,
      VITRINE_STATE_DIR: stateDir,
      DOCKER_HOST: engine.host,
    },
    stdio: ['ignore', file.fd, file.fd],
  })
  child.unref()
  try {
    const { pid, installation } = await answering(child, stateDir, signal)
    const started: Started = { pid, installation, code: await codeHash(), settings }
    await writeFile(upFile(stateDir), JSON.stringify(started, null, 2), { mode: 0o600 })
  } catch (error) {
    child.kill()
    signal.throwIfAborted()
    const words = lastWords((await readFile(log)).subarray(begin).toString(), 10)
    const message = `the server did not start: ${(error as Error).message}\nThe end of ${log}:\n${words}`
    throw new CliError('trouble', message, { cause: error })
  }
}

/** Waits until the server has written where it is, and answers there. */
async function answering(child: ChildProcess, stateDir: string, signal: AbortSignal): Promise<ServerFile> {
  const end = performance.now() + startDeadline
  while (performance.now() < end) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`)
    if (child.signalCode !== null) throw new Error(`it was ended by ${child.signalCode}`)
    const server = await readServerFile(stateDir)
    if (server?.pid === child.pid && server !== undefined) {
      const vitrine = await connect({}, stateDir)
      await vitrine.health({ signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]) })
      return server
    }
    await sleep(50, undefined, { signal })
  }
  throw new Error(`nothing was heard of it for ${startDeadline / 1000} s`)
}

const isLarge = async (file: string) =>
  (await stat(file)
    .catch(() => undefined)
    .then((found) => found?.size ?? 0)) > logLimit

const upFile = (stateDir: string) => join(stateDir, 'up.json')

/** Throws where the server could not store. */
export async function makeStateDirectory(stateDir: string): Promise<void> {
  try {
    await mkdir(stateDir, { recursive: true, mode: 0o700 })
    await access(stateDir, constants.W_OK)
  } catch (error) {
    const message = `the state directory cannot be used: ${(error as Error).message}. Set VITRINE_STATE_DIR to a place that can be written.`
    throw new CliError('trouble', message, { cause: error })
  }
  await needRoom(stateDir, 200, 'The state directory')
}
