import { randomUUID } from 'node:crypto'
import { VitrineError, type ErrorBody } from '@vitrine/contract/error.ts'
import { apiPrefix } from '@vitrine/contract/routes.ts'
import { Hono } from 'hono'
import type { Logger } from 'pino'
import type { Access } from './access.ts'
import { bind, type Handlers } from './bind.ts'
import type { App } from './env.ts'
import { guestPages, type GuestOptions } from './guests.ts'
import { pages, type WebFiles } from './pages.ts'
import type { Passes } from './passes.ts'

export type AppOptions = {
  handlers: Handlers
  access: Access
  passes: Passes
  guests: GuestOptions
  web: WebFiles
  version: string
  log: Logger
}

/**
 * Pages load nothing from elsewhere, run nothing inline, and are shown in nobody's frame (CSP 3). Desktops may be at other
 * ports of the same host.
 */
function contentSecurityPolicy(host: string): string {
  const { hostname } = new URL(`http://${host}`)
  // An IPv6 address can't stand in a policy; `self` is this port of it.
  const desktops = hostname.startsWith('[') ? '' : ` ws://${hostname}:* wss://${hostname}:*`
  return (
    `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'${desktops}; ` +
    "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
  )
}

/** Every HTTP request: who may come in, the API's routes, the pages, and each error made into its answer, once. */
export function createApp({ handlers, access, passes, guests, web, version, log }: AppOptions): App {
  const app: App = new Hono()

  app.use(async (c, next) => {
    access.checkAddress(c.req.method, c.env.incoming.headers)
    await next()
    c.header('content-security-policy', contentSecurityPolicy(c.env.incoming.headers.host!))
    c.header('x-content-type-options', 'nosniff')
    c.header('referrer-policy', 'no-referrer')
    c.header('cross-origin-opener-policy', 'same-origin')
    c.header('cross-origin-resource-policy', 'same-origin')
  })
  app.use(`${apiPrefix}/*`, async (c, next) => {
    const caller = await access.check(c.req.method, c.env.incoming.headers)
    if (caller.pass) passes.breakOff(caller.pass, c.env.outgoing)
    c.set('caller', caller)
    await next()
  })

  bind(app, handlers)
  app.get('/openapi.json', async (c) => {
    await access.check('GET', c.env.incoming.headers)
    const { openApiDocument } = await import('@vitrine/contract/openapi.ts')
    return c.json(openApiDocument(version))
  })
  guestPages(app, web, guests)
  pages(app, web, access)

  app.notFound((c) =>
    answer(new VitrineError('not_found', `There is nothing at ${c.req.path.slice(0, 200)}.`)),
  )
  app.onError((error, c) => {
    if (error instanceof VitrineError) return answer(error)
    const request = randomUUID()
    log.error({ error, request, method: c.req.method, path: withoutToken(c.req.path) }, 'a request failed')
    return answer(new VitrineError('internal', `The server made a mistake; its log names it as ${request}.`))
  })
  return app
}

/** A share link’s address is all that is needed to use it. */
const withoutToken = (path: string) => path.replace(/^\/s\/[^/]+/, '/s/…')

function answer({ code, message, details, status }: VitrineError): Response {
  const body: ErrorBody = { error: { code, message, ...(details && { details }) } }
  return Response.json(body, { status, headers: { 'cache-control': 'no-store' } })
}
