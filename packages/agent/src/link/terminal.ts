import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { TerminalSize } from '@vitrine/contract/terminal.ts'
import { goBehind } from '../desktop/desktop.ts'
import { desktopFolder, environment, output } from '../places.ts'
import { endAll } from '../processes.ts'

/**
 * A shell in /output on a pseudo-terminal of that size, for as long as `stream` lasts: frames of the contract come in,
 * what it prints goes out. Nothing of what was started in it is left when this returns, which is when the shell or the
 * stream has ended.
 */
export async function serveTerminal(stream: Duplex, { columns, rows }: TerminalSize): Promise<void> {
  const mark = randomUUID()
  const shell = ['bash', '--rcfile', `${desktopFolder}/terminal.bashrc`, '-i']
  const child = spawn(
    'python3',
    ['-I', '-S', `${desktopFolder}/terminal.py`, String(columns), String(rows), ...shell],
    {
      cwd: output,
      env: { ...environment, TERM: 'xterm-256color', COLORTERM: 'truecolor', VITRINE_RUN: mark },
      stdio: ['pipe', 'pipe', 'ignore'],
      detached: true,
    },
  )
  goBehind(child)
  const exited = once(child, 'exit')
  // What is typed after the shell has ended goes nowhere.
  child.stdin.on('error', () => {})
  stream.pipe(child.stdin)
  stream.once('close', () => endAll(child.pid, mark))
  try {
    await Promise.all([pipeline(child.stdout, stream), exited])
  } finally {
    endAll(child.pid, mark)
  }
}
