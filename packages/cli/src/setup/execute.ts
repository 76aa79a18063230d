import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { CliError } from '../exit.ts'

type Execution = {
  cwd?: string
  environment?: Readonly<Record<string, string | undefined>>
  /** Gets each line of both outputs as it comes. */
  onLine?: (line: string) => void
  signal?: AbortSignal
}

/** How a program ended: its exit code (127 where there is no such program) and the last of what it printed. */
export type Ended = { code: number; output: string }

/** Runs a program, never through a shell. A failure of the program is a return value, an abort is thrown. */
export async function execute(
  command: string,
  args: readonly string[],
  options: Execution = {},
): Promise<Ended> {
  const { cwd, environment = process.env, onLine, signal } = options
  signal?.throwIfAborted()
  const child = spawn(command, args, { cwd, env: environment, signal, stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line)
      if (lines.length > 2000) lines.shift()
      onLine?.(line)
    })
  }
  try {
    const [code] = (await once(child, 'close')) as [number | null]
    signal?.throwIfAborted()
    return { code: code ?? 1, output: lines.join('\n') }
  } catch (error) {
    signal?.throwIfAborted()
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return { code: 127, output: `${command} is not installed` }
  }
}

/** Runs a program that must succeed: otherwise throws with `problem` and the last lines that it printed. */
export async function mustExecute(
  command: string,
  args: readonly string[],
  problem: string,
  options: Execution = {},
): Promise<string> {
  const { code, output } = await execute(command, args, options)
  if (code === 0) return output
  throw new CliError('trouble', `${problem} (${command} ended with ${code}):\n${lastLines(output, 15)}`)
}

export const lastLines = (text: string, count: number): string =>
  text.trimEnd().split('\n').slice(-count).join('\n')
