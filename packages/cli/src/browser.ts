import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** Opens an address in the user's browser where there is a graphical terminal. Gives whether one took it. */
export async function openBrowser(
  url: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<boolean> {
  const opener = process.platform === 'darwin' ? 'open' : 'xdg-open'
  const graphical = process.platform === 'darwin' || environment['DISPLAY'] || environment['WAYLAND_DISPLAY']
  if (!graphical) return false
  const child = spawn(opener, [url], { detached: true, stdio: 'ignore' })
  const started = await Promise.race([
    once(child, 'spawn').then(() => true),
    once(child, 'error').then(() => false),
  ])
  child.unref()
  return started
}
