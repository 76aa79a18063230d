import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/** True where a process is a Vitrine server, and not one that was given the same number later. */
export async function isServer(pid: number): Promise<boolean> {
  if (!isAlive(pid)) return false
  if (process.platform !== 'linux') return true
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  return /\/server(\/src\/main\.ts|\.js)\0/.test(commandLine)
}

/** Asks a process to end and waits until it has; one that does not end is killed. */
export async function endProcess(pid: number): Promise<void> {
  process.kill(pid, 'SIGTERM')
  // The server gives itself ten seconds.
  const end = performance.now() + 15_000
  while (isAlive(pid)) {
    if (performance.now() > end) process.kill(pid, 'SIGKILL')
    await sleep(50)
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
