import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CliError } from '../exit.ts'
import { answers, askEngine, type Engine } from './docker.ts'
import { execute, lastLines, mustExecute } from './execute.ts'

const deadline = 60_000

export const daemonExists = async (): Promise<boolean> => (await execute('dockerd', ['--version'])).code === 0

/** Starts the installed daemon, by systemd where that runs, else directly, and waits until it answers at `host`. */
export async function startDaemon(host: string, stateDir: string, signal: AbortSignal): Promise<Engine> {
  const started = existsSync('/run/systemd/system') ? await bySystemd(signal) : await directly(stateDir)
  const end = performance.now() + deadline
  while (performance.now() < end) {
    const found = await askEngine(host, signal)
    if (answers(found)) return found
    if (started.failed()) break
    await sleep(200, undefined, { signal })
  }
  throw new CliError(
    'trouble',
    `the Docker Engine did not start; the end of ${started.log}:\n${await started.tail()}`,
  )
}

type Started = { failed: () => boolean; log: string; tail: () => Promise<string> }

async function bySystemd(signal: AbortSignal): Promise<Started> {
  await mustExecute('systemctl', ['enable', '--now', 'docker'], 'systemd could not start the Docker Engine', {
    signal,
  })
  return {
    failed: () => false,
    log: 'journalctl -u docker',
    tail: async () =>
      (await execute('journalctl', ['-u', 'docker', '-n', '15', '--no-pager'], { signal })).output,
  }
}

async function directly(stateDir: string): Promise<Started> {
  await mkdir(stateDir, { recursive: true, mode: 0o700 })
  const log = join(stateDir, 'dockerd.log')
  await using file = await open(log, 'a', 0o600)
  const child = spawn('dockerd', [], { detached: true, stdio: ['ignore', file.fd, file.fd] })
  child.unref()
  return {
    failed: () => child.exitCode !== null || child.signalCode !== null,
    log,
    tail: async () => lastLines(await readFile(log, 'utf8'), 15),
  }
}
