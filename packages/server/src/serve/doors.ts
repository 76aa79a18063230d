import type { RequestListener } from 'node:http'
import { apiPrefix } from '@vitrine/contract/routes.ts'
import type { Accept, Doors } from '../api/listen.ts'
import { openShare } from '../api/shares.ts'
import type { Entry, Viewers } from '../desktops/viewers.ts'
import type { Database } from '../store/schema.ts'
import type { Terminals } from '../terminals/terminals.ts'

/** The WebSockets at the server's own port. */
export const serverDoors = (db: Database, viewers: Viewers, terminals: Terminals): Doors => ({
  signedIn: (path) => {
    const [, job, what] = /^\/jobs\/([^/]+)\/(websockify|terminal)$/.exec(path) ?? []
    if (job === undefined) return null
    return what === 'terminal'
      ? (...upgrade) => terminals.accept(...upgrade, job)
      : toDesktop(viewers, { job, share: null })
  },
  guests: async (path) => {
    const token = /^\/s\/([^/]+)\/websockify$/.exec(path)?.[1]
    const shared = token === undefined ? null : await openShare(db, token)
    if (shared?.shows !== 'desktop') return null
    return { accept: toDesktop(viewers, shared.entry), pass: shared.pass }
  },
})

/** The one WebSocket at a desktop's own port. */
export const desktopDoors = (viewers: Viewers, job: string): Doors => ({
  signedIn: (path) => (path === '/websockify' ? toDesktop(viewers, { job, share: null }) : null),
  guests: async () => null,
})

/** The requests at a desktop's own port: it shows that desktop, with who drives it, and nothing else. */
export function onlyDesktop(job: string, serve: RequestListener): RequestListener {
  return (request, response) => {
    const { url = '/' } = request
    const path = url.split('?')[0]!
    if (path === '/') request.url = url.replace('/', '/vnc.html')
    else if (/^\/control(\/\w+)?$/.test(path)) request.url = `${apiPrefix}/jobs/${job}${url}`
    else if (path !== '/vnc.html' && !/^\/assets\/[^/]+$/.test(path)) {
      response.writeHead(404).end('Only a desktop is shown at this port: /vnc.html\n')
      return
    }
    serve(request, response)
  }
}

const toDesktop =
  (viewers: Viewers, entry: Entry): Accept =>
  (...upgrade) =>
    viewers.accept(...upgrade, entry)
