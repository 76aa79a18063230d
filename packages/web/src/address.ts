/** The pages that are no single job’s. */
export type ServerPage = 'jobs' | 'new' | 'models' | 'settings' | 'doctor'
export type Page = { name: ServerPage } | { name: 'job'; id: string }

/**
 * Splits a path into where the app is mounted (no slash at the end) and which page of it is meant. The server answers with
 * the app only at `<base>/`, `<base>/<page>` and `<base>/jobs/<id>`.
 */
export function readAddress(path: string): { base: string; page: Page } {
  const job = /^(.*)\/jobs\/(job-[0-9a-z]{12})\/?$/.exec(path)
  if (job) return { base: job[1] ?? '', page: { name: 'job', id: job[2] ?? '' } }
  const other = /^(.*)\/(new|models|settings|doctor)$/.exec(path)
  if (other) return { base: other[1] ?? '', page: { name: other[2] as ServerPage } }
  return { base: path.replace(/\/[^/]*$/, ''), page: { name: 'jobs' } }
}

export const pagePath = (base: string, page: ServerPage) => `${base}/${page === 'jobs' ? '' : page}`
export const jobsPath = (base: string) => pagePath(base, 'jobs')
export const jobPath = (base: string, id: string) => `${base}/jobs/${id}`
export const desktopPath = (base: string, id: string) => `${base}/jobs/${id}/vnc.html`

/** The RFB stream of a job's desktop, as a WebSocket address on this page's own server. */
export function streamUrl(page: URL, base: string, id: string): string {
  const url = new URL(`${base}/jobs/${id}/websockify`, page)
  url.protocol = page.protocol === 'https:' ? 'wss:' : 'ws:'
  return url.href
}

/** Where the browser downloads one file of a job, `files.zip` or `files.tar.gz`. */
export const archivePath = (base: string, id: string, kind: 'zip' | 'tar.gz') =>
  `${base}/api/v1/jobs/${id}/files.${kind}`
export const replayPath = (base: string, id: string, run: number, kind: 'html' | 'webm') =>
  `${base}/api/v1/jobs/${id}/recordings/${run}/replay.${kind}`
export const filePath = (base: string, id: string, path: string) =>
  `${base}/api/v1/jobs/${id}/files/${path.split('/').map(encodeURIComponent).join('/')}`
