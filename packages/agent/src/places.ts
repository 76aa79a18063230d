/** Where things are inside a sandbox. */
export const output = '/output'
export const home = '/home/agent'
export const desktopFolder = '/opt/vitrine/desktop'
export const webFolder = '/opt/vitrine/web'
export const scratch = '/tmp/vitrine'
export const rfbSocket = `${scratch}/rfb.sock`
export const runtimeFolder = `${scratch}/run`
export const storyFile = `${scratch}/story.log`
export const display = ':1'
export const modelPort = 11434
export const proxyPort = 3128

/**
 * The environment of every program on the desktop, the model's programs included: nothing is inherited, and only a job that
 * reaches hosts adds to it. No session bus and no settings daemon run here, so GTK is told not to look for them.
 */
export const environment: Record<string, string> = {
  PATH: '/usr/local/bin:/usr/bin:/bin:/usr/games',
  HOME: home,
  USER: 'agent',
  SHELL: '/bin/bash',
  LANG: 'C.UTF-8',
  DISPLAY: display,
  OLLAMA_HOST: `http://localhost:${modelPort}`,
  XDG_RUNTIME_DIR: runtimeFolder,
  DBUS_SESSION_BUS_ADDRESS: 'disabled:',
  GSETTINGS_BACKEND: 'memory',
  GIO_USE_VFS: 'local',
  NO_AT_BRIDGE: '1',
  PYTHONDONTWRITEBYTECODE: '1',
}
