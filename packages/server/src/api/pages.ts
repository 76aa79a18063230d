import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Access } from './access.ts'
import type { App, Call } from './env.ts'

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.png': 'image/png',
}

/** The web app's built files, by their path below its folder; they are few and stay in memory. */
export type WebFiles = ReadonlyMap<string, { body: Uint8Array<ArrayBuffer>; type: string }>

export async function readWebFiles(folder: string): Promise<WebFiles> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile() && extname(entry.name) in types)
  return new Map(
    await Promise.all(
      files.map(async ({ parentPath, name }) => {
        const path = join(parentPath, name)
        const body = new Uint8Array(await readFile(path))
        return [path.slice(folder.length + 1), { body, type: types[extname(name)]! }] as const
      }),
    ),
  )
}

/**
 * The pages. Their assets hold nothing of anybody's and go to everyone, so that the page that tells how to sign in
 * works; the pages themselves need a session, and without one are the page that tells how to get one.
 */
export function pages(app: App, web: WebFiles, access: Access): void {
  const page = (name: string) => async (c: Call) => {
    const signedIn = (await access.callerOf(c.env.incoming.headers)) !== null
    return file(web, signedIn ? name : 'signed-out.html', signedIn ? 200 : 401)
  }
  for (const path of ['/', '/new', '/models', '/settings', '/doctor', '/jobs/:id'])
    app.get(path, page('index.html'))
  app.get('/jobs/:id/vnc.html', page('vnc.html'))
  app.get('/vnc.html', page('vnc.html'))
  app.get('/api', page('api.html'))
  // Pages at any depth ask for `./assets/…`, which keeps them right behind a path prefix too.
  const compressed = compressedFiles(web)
  app.get('*', async (c, next) => {
    const asset = /\/(assets\/[^/]+)$/.exec(c.req.path)?.[1]
    if (asset === undefined || !web.has(asset)) return next()
    const response = file(web, asset, 200)
    response.headers.set('vary', 'accept-encoding')
    if (!/\bgzip\b/.test(c.req.header('accept-encoding') ?? '')) return response
    response.headers.set('content-encoding', 'gzip')
    return new Response(await compressed(asset), response)
  })
  app.get('/sign-in', (c) => {
    const cookie = access.redeem(c.req.query('code') ?? '')
    if (!cookie) return file(web, 'signed-out.html', 401)
    // A page of its own rather than a redirect: SameSite=Strict cookies stay behind on a redirect from elsewhere.
    const next = /^\/(?![/\\])[^\s"'<>\\]*$/.exec(c.req.query('next') ?? '')?.[0] ?? '/'
    const body = `<!doctype html><meta charset="utf-8"><title>Vitrine</title><link rel="icon" href="data:,"><meta http-equiv="refresh" content="0; url=.${next}"><a href=".${next}">Go on</a>`
    return c.html(body, 200, {
      'set-cookie': cookie,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    })
  })
}

/** Each file compressed once, when it is asked for first. */
function compressedFiles(web: WebFiles): (name: string) => Promise<Uint8Array<ArrayBuffer>> {
  const done = new Map<string, Promise<Uint8Array<ArrayBuffer>>>()
  const compress = async (name: string) => new Uint8Array(await promisify(gzip)(web.get(name)!.body))
  return (name) => done.getOrInsertComputed(name, compress)
}

/** One of the web app’s files, as an answer. */
export function file(web: WebFiles, name: string, status: number): Response {
  const found = web.get(name)
  if (!found) return new Response('The web app is not built: run `npm run dist`.\n', { status: 500 })
  const cache = name.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-store'
  return new Response(found.body, { status, headers: { 'content-type': found.type, 'cache-control': cache } })
}
