import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { goBehind } from '../desktop/desktop.ts'
import { environment, output } from '../places.ts'
import { endAll, members } from '../processes.ts'
import { CappedText } from './capped-text.ts'
import { countShortages, lackedSince, type Shortages } from './shortages.ts'

const mostOutput = 32 * 1024 * 1024
const keptOutput = 512 * 1024
const probeMilliseconds = 500

/** How a program ended. `left running`: `isServing` said so, and it was ended then. */
export type Ended = {
  how: 'exited' | 'timed out' | 'printed too much' | 'left running'
  exitCode: number | null
  signal: NodeJS.Signals | null
  seconds: number
  /** What the sandbox did not have enough of meanwhile. */
  lacked: keyof Shortages | null
  stdout: string
  /** Both outputs in the order they came. */
  all: string
}

export type RunOptions = {
  seconds: number
  signal: AbortSignal
  cwd?: string
  env?: Record<string, string>
  /** Asked twice a second, with the program's processes: true where it has shown what it does and would go on for ever. */
  isServing?: (pids: number[]) => Promise<boolean>
}

/**
 * Runs one command in a process group of its own, with no input, bounded in time and output; nothing of it is left when
 * this returns. Throws the reason of `signal` where that ended it.
 */
export async function runProgram(command: readonly string[], options: RunOptions): Promise<Ended> {
  options.signal.throwIfAborted()
  const mark = randomUUID()
  const before = await countShortages()
  const begun = performance.now()
  // In want of memory the kernel shall end the program and not the agent.
  const child = spawn(
    '/bin/sh',
    ['-c', 'echo 1000 > /proc/self/oom_score_adj; exec "$@"', 'sh', ...command],
    {
      cwd: options.cwd ?? output,
      env: { ...environment, PYTHONUNBUFFERED: '1', VITRINE_RUN: mark, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    },
  )
  goBehind(child)
  let how: Ended['how'] = 'exited'
  const end = (why: Ended['how']) => {
    how = why
    endAll(child.pid, mark)
  }
  const stdout = new CappedText(keptOutput)
  const all = new CappedText(keptOutput)
  let printed = 0
  const take = (chunk: Buffer, isStdout: boolean) => {
    printed += chunk.length
    all.add(chunk)
    if (isStdout) stdout.add(chunk)
    if (printed > mostOutput && how === 'exited') end('printed too much')
  }
  child.stdout.on('data', (chunk: Buffer) => take(chunk, true))
  child.stderr.on('data', (chunk: Buffer) => take(chunk, false))

  const limit = setTimeout(() => end('timed out'), options.seconds * 1000)
  const probe = setInterval(() => {
    void options.isServing?.(members(child.pid, mark)).then((serving) => serving && end('left running'))
  }, probeMilliseconds)
  const abort = () => endAll(child.pid, mark)
  options.signal.addEventListener('abort', abort, { once: true })
  try {
    const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
    const [exitCode, signal] = await new Promise<[number | null, NodeJS.Signals | null]>(
      (resolve, reject) => {
        child.once('error', reject)
        child.once('exit', (code, signal) => resolve([code, signal]))
      },
    )
    const seconds = (performance.now() - begun) / 1000
    // What it started in the background may hold the pipes open.
    endAll(child.pid, mark)
    await closed
    options.signal.throwIfAborted()
    const lacked = lackedSince(before, await countShortages())
    return { how, exitCode, signal, seconds, lacked, stdout: stdout.toString(), all: all.toString() }
  } finally {
    clearTimeout(limit)
    clearInterval(probe)
    options.signal.removeEventListener('abort', abort)
  }
}
