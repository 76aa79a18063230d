import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/**
 * Runs a program to its end, without a shell and without input.
 *
 * @param line gets each line that it prints
 * @returns the exit code, and the last 30 lines
 * @throws Error when the program cannot be started
 */
export async function run(
  command: readonly [string, ...string[]],
  options: { cwd?: string; line?: (line: string) => void; signal?: AbortSignal | undefined } = {},
): Promise<{ code: number | null; tail: string }> {
  const { cwd, line = () => {}, signal } = options
  const [program, ...argv] = command
  const child = spawn(program, argv, { cwd, signal, stdio: ['ignore', 'pipe', 'pipe'] })
  const tail: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (text) => {
      line(text)
      tail.push(text)
      tail.splice(0, tail.length - 30)
    })
  }
  const [code] = await once(child, 'close')
  return { code, tail: tail.join('\n') }
}
