import type { ChildProcess } from 'node:child_process'
import { isDeepStrictEqual } from 'node:util'
import { descendants } from '../processes.ts'

/** True where somebody runs something in a terminal beside the shell and the program that it was opened for. */
export function isUsed({ pid }: ChildProcess, program: readonly string[]): boolean {
  if (pid === undefined) return false
  const running = descendants(pid).filter(({ command }) => command[0] !== 'bash')
  const ours = running.filter(({ command }) => isDeepStrictEqual(command, program))
  const theirs = new Set(ours.flatMap((one) => [one.pid, ...descendants(one.pid).map((child) => child.pid)]))
  return running.some((one) => !theirs.has(one.pid))
}
