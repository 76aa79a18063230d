import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { setPriority } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { desktopFolder, environment, runtimeFolder } from '../places.ts'

/** Nice: the X server and the agent go first, so that the desktop is seen while its programs are still starting. */
const behind = 5
const background = '#3b4a5e'

/** What belongs to every desktop, on an X server that has just started: the background and the window manager. */
export function dressDesktop(): void {
  mkdirSync(runtimeFolder, { recursive: true, mode: 0o700 })
  start(['xsetroot', '-solid', background, '-cursor_name', 'left_ptr'])
  start(['openbox', '--sm-disable', '--config-file', `${desktopFolder}/openbox.xml`])
}

/** Starts a program on the desktop that may live as long as the sandbox. */
export function start(command: readonly string[], cwd = '/'): ChildProcess {
  const [program = '', ...words] = command
  const child = spawn(program, words, { env: environment, cwd, stdio: 'ignore', detached: true })
  child.on('error', (error) => console.log(`${program} could not be started: ${error.message}`))
  goBehind(child)
  return child
}

/** Lets the X server and the agent go before a program that was just started. */
export function goBehind({ pid }: ChildProcess): void {
  if (pid !== undefined) setPriority(pid, behind)
}

/** Resolves once the window manager manages (EWMH, _NET_SUPPORTING_WM_CHECK): before, a window lands anywhere. */
export async function desktopDressed(): Promise<void> {
  while (!(await rootProperty('_NET_SUPPORTING_WM_CHECK')).includes('0x')) await sleep(20)
}

/** How many windows the window manager shows. */
export async function windowCount(): Promise<number> {
  return (await windowIds()).length
}

/** `pid` is the process that shows it (EWMH, _NET_WM_PID); Tk and old X programs do not say. */
export type Window = { id: number; pid: number | undefined; title: string }

/** What the window manager shows; a window that is just going is left out. */
export async function windows(): Promise<Window[]> {
  const all = (await windowIds()).map(async (id) => {
    const told = await xprop('-id', id, '_NET_WM_PID', '_NET_WM_NAME')
    const pid = /^_NET_WM_PID\(CARDINAL\) = (\d+)$/m.exec(told)?.[1]
    const title = /^_NET_WM_NAME\([^)]*\) = "(.*)"$/m.exec(told)?.[1] ?? ''
    return told === '' ? [] : [{ id: Number(id), pid: pid === undefined ? undefined : Number(pid), title }]
  })
  return (await Promise.all(all)).flat()
}

/** EWMH, _NET_CLIENT_LIST. */
async function windowIds(): Promise<string[]> {
  return (await rootProperty('_NET_CLIENT_LIST')).match(/0x[0-9a-f]+/g) ?? []
}

const rootProperty = (name: string) => xprop('-root', name)

/** Empty while the X server is being started again. */
async function xprop(...words: string[]): Promise<string> {
  const asked = promisify(execFile)('xprop', words, { env: environment, timeout: 5000 })
  const { stdout } = await asked.catch(() => ({ stdout: '' }))
  return stdout
}
