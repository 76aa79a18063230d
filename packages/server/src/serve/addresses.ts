import type { Config } from '../config.ts'
import type { StoredJob } from '../store/jobs.ts'

/** Where people reach this server. */
export const publicUrl = ({ publicUrl, port }: Config): URL =>
  new URL((publicUrl ?? `http://localhost:${port}`).replace(/\/?$/, '/'))

/** Where a browser sees a job's live desktop. */
export function desktopUrl(config: Config, { id, life: { desktopPort: port } }: StoredJob): string {
  return port !== null && config.publicUrl === undefined
    ? `http://localhost:${port}/vnc.html?host=localhost&port=${port}`
    : new URL(`jobs/${id}/vnc.html`, publicUrl(config)).href
}
