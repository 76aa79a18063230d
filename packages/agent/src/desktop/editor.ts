import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { windows, type Window } from './desktop.ts'
import { closeWindows } from './x-close.ts'

const closeMilliseconds = 3000

/** True where gedit shows a text with changes that nobody has saved: its title then begins with a star. */
export async function hasUnsaved(editor: ChildProcess): Promise<boolean> {
  return (await windowsOf(editor)).some(({ title }) => title.startsWith('*'))
}

/** Closes an editor that has nothing to lose. One that has stays, and says so itself where only it knows. */
export async function closeEditor(editor: ChildProcess): Promise<void> {
  if (editor.pid === undefined || editor.exitCode !== null || (await hasUnsaved(editor))) return
  const closed = once(editor, 'exit', { signal: AbortSignal.timeout(closeMilliseconds) }).catch(() => {})
  await closeWindows((await windowsOf(editor)).map(({ id }) => id)).catch(() => {})
  await closed
}

async function windowsOf({ pid }: ChildProcess): Promise<Window[]> {
  return (await windows()).filter((window) => window.pid !== undefined && window.pid === pid)
}
