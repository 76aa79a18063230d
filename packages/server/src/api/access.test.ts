import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { apiPrefix, routes } from '@vitrine/contract/routes.ts'
import type { Route } from '@vitrine/contract/routes/route.ts'
import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { startServer, type TestServer } from '../testing/start-server.ts'

const all = Object.values(routes) as Route[]
/** The route's address for this job, whatever else is in it. */
const addressOf = ({ path }: Route, job: string) =>
  apiPrefix +
  path
    .replace('{id}', job)
    .replace('{run}', '1')
    .replaceAll(/\{\w+\}/g, 'x')

/** A session cookie as the server makes it, good until `until`. */
function session(token: string, until: number): string {
  const key = createHmac('sha256', token).update(`session ${until}`).digest('base64url')
  return `vitrine_session=${until}.${key}`
}

/** What a WebSocket to `path` gets: `open`, or the status of the refusal. */
async function upgraded(
  server: TestServer,
  path: string,
  headers: Record<string, string>,
): Promise<number | 'open'> {
  const url = new URL(path, server.url.replace(/^http/, 'ws'))
  const webSocket = new WebSocket(url, 'binary', { headers })
  webSocket.on('error', () => {})
  const refused = once(webSocket, 'unexpected-response').then(
    ([, response]) => (response as { statusCode: number }).statusCode,
  )
  const result = await Promise.race([once(webSocket, 'open').then(() => 'open' as const), refused])
  webSocket.terminate()
  return result
}

/** The whole answer to a request that comes with this Host header. */
async function answerTo({ url, token }: TestServer, host: string, path = '/api/v1/jobs'): Promise<string> {
  const raw = connect(Number(new URL(url).port), '127.0.0.1')
  raw.write(
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`,
  )
  return text(raw)
}

describe('who may come in', () => {
  test(
    'nobody without the right token or a session that is good, on any route, page and WebSocket',
    { timeout: 120_000 },
    async () => {
      await using server = await startServer({ environment: { VITRINE_DESKTOP_PORTS: '20100-20199' } })
      const { id } = await server.create({ task: 'a' })
      const { desktop } = await server.reach(id, ({ desktop }) => desktop.state === 'live')
      const day = 24 * 3600 * 1000
      const strangers: Record<string, string>[] = [
        {},
        { authorization: 'Bearer wrong' },
        { authorization: 'Bearer ' },
        { authorization: `Basic ${server.token}` },
        { authorization: server.token },
        { cookie: session(server.token, Date.now() - day) },
        { cookie: session('another token', Date.now() + day) },
        { cookie: session(server.token, Date.now() + day).replace('.', '0.') },
        { cookie: `vitrine_session=${server.token}` },
      ]
      const ownPort = new URL(desktop.url!)
      for (const headers of strangers) {
        for (const route of all) {
          const url = new URL(addressOf(route, id), server.url)
          const response = await fetch(url, { method: route.method, headers })
          const { error } = await response.json()
          expect([response.status, error.code], `${route.method} ${route.path}`).toEqual([
            401,
            'unauthorized',
          ])
        }
        const pages = ['/', `/jobs/${id}`, `/jobs/${id}/vnc.html`, '/vnc.html', '/openapi.json']
        for (const page of [...pages.map((path) => new URL(path, server.url)), ownPort]) {
          const response = await fetch(page, { headers })
          expect(response.status, page.href).toBe(401)
          expect(await response.text(), page.href).not.toContain(id)
        }
        expect(await upgraded(server, `/jobs/${id}/websockify`, headers)).toBe(401)
        expect(await upgraded(server, `/jobs/${id}/terminal?columns=80&rows=24`, headers)).toBe(401)
        expect(await upgraded(server, '/s/anything/websockify', headers)).toBe(401)
        expect(await upgraded(server, new URL('/websockify', ownPort).href, headers)).toBe(401)
      }
      const asked = new URL(`/api/v1/jobs?token=${server.token}&access_token=${server.token}`, server.url)
      expect((await fetch(asked)).status).toBe(401)

      const cookie = session(server.token, Date.now() + day)
      expect((await fetch(new URL('/api/v1/jobs', server.url), { headers: { cookie } })).status).toBe(200)
      expect(await upgraded(server, `/jobs/${id}/websockify`, { cookie })).toBe('open')
      expect(await upgraded(server, `/jobs/${id}/terminal?columns=80&rows=24`, { cookie })).toBe('open')
      expect(await upgraded(server, new URL('/websockify', ownPort).href, { cookie })).toBe('open')
    },
  )

  test('no other site: foreign hosts, foreign and null origins, forms, WebSockets', async () => {
    await using server = await startServer()
    const { id } = await server.create({ task: 'a' })
    await server.reach(id, ({ desktop }) => desktop.state === 'live')
    const send = (headers: Record<string, string>, type = 'application/json') =>
      server.api('POST', '/jobs', { task: 'a' }, { 'content-type': type, ...headers })
    expect((await send({ origin: 'http://evil.example' })).status).toBe(403)
    expect((await send({ origin: 'null' })).status).toBe(403)
    expect((await send({ origin: server.url.replace(/\/$/, '.evil.example') })).status).toBe(403)
    expect((await send({ 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await send({ 'sec-fetch-site': 'same-site' })).status).toBe(403)
    expect((await send({}, 'text/plain')).status).toBe(415)
    expect((await send({}, 'application/x-www-form-urlencoded')).status).toBe(415)
    expect((await send({}, 'multipart/form-data; boundary=x')).status).toBe(415)
    for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '', 'a b']) {
      for (const path of ['/api/v1/jobs', '/', '/s/token/', '/s/token/recording', '/sign-in?code=x']) {
        expect(await answerTo(server, host, path), `${host} ${path}`).toMatch(/^HTTP\/1.1 40[03]/)
      }
    }
    // A browser sends its cookie along; the origin tells whose page it was.
    const cookie = session(server.token, Date.now() + 3_600_000)
    const path = `/jobs/${id}/websockify`
    for (const origin of ['http://evil.example', 'null', 'https://localhost.evil.example']) {
      expect(await upgraded(server, path, { cookie, origin }), origin).toBe(403)
    }
    expect(await upgraded(server, path, { cookie, host: 'evil.example' })).toBe(403)
    expect(await upgraded(server, path, { cookie, origin: new URL(server.url).origin })).toBe('open')
  })

  test('a program that calls by an allowed name, and only by such a one', async () => {
    await using server = await startServer({ environment: { VITRINE_ALLOWED_HOSTS: 'other, app' } })
    expect(await answerTo(server, 'APP:7080')).toMatch(/^HTTP\/1.1 200/)
    expect(await answerTo(server, 'app.evil.example')).toMatch(/^HTTP\/1.1 403.*VITRINE_ALLOWED_HOSTS/s)
  })

  test('a browser that followed a sign-in link, once', async () => {
    await using server = await startServer()
    const { url } = await (await server.api('POST', '/sign-in-links', {})).json()
    expect((await fetch(server.url)).status).toBe(401)
    const signedIn = await fetch(url)
    const cookie = signedIn.headers.get('set-cookie')!
    expect(cookie).toMatch(/HttpOnly; SameSite=Strict/)
    const session = cookie.split(';')[0]!
    expect((await fetch(server.url, { headers: { cookie: session } })).status).toBe(200)
    expect((await fetch(`${server.url}api/v1/jobs`, { headers: { cookie: session } })).status).toBe(200)
    expect((await fetch(url)).status).toBe(401)
    expect((await fetch(server.url, { headers: { cookie: `${session}x` } })).status).toBe(401)
  })
})

describe('a body', () => {
  const dangerous = [
    'Binds',
    'Privileged',
    'HostConfig',
    'image',
    'runtime',
    'owner',
    'constructor',
    '__proto__',
  ]

  test.each(
    all
      .filter(({ body }) => body && !('media' in body))
      .map((route) => [`${route.method} ${route.path}`, route] as const),
  )('of %s with a key that is not its own is refused by that key’s name', async (_, route) => {
    await using server = await startServer({ environment: { VITRINE_POOL: '0' } })
    for (const key of dangerous) {
      const response = await fetch(new URL(addressOf(route, 'job-000000000000'), server.url), {
        method: route.method,
        headers: { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' },
        body: `{${JSON.stringify(key)}:{"state":"succeeded"}}`,
      })
      const { error } = await response.json()
      expect(response.status, key).toBe(400)
      const named = error.details.some(({ path }: { path: string }) => path === key)
      // Parsing leaves no own key of this name; what is missing is named instead.
      expect(named || key === '__proto__', key).toBe(true)
    }
    expect(Object.keys(Object.prototype)).toEqual([])
  })
})
