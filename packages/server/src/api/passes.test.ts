import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import type { Token } from '@vitrine/contract/token.ts'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { startServer, type TestServer } from '../testing/start-server.ts'

async function liveDesktop(server: TestServer): Promise<string> {
  const { id } = await server.create({ task: 'print done' })
  // The last of what a job does by itself.
  await server.follow(id, ({ type }) => type === 'files.kept')
  return id
}

const makeToken = async (server: TestServer, body: object) =>
  (await (await server.api('POST', '/tokens', body)).json()) as Token & { token: string }

/** A session cookie as the server makes it, good until `until`. */
function session(token: string, until: number): string {
  const signature = createHmac('sha256', token).update(`session ${until}`).digest('base64url')
  return `vitrine_session=${until}.${signature}`
}

/** A stream that is open, and how it ends: `whole` or `broken`. */
async function read(server: TestServer, path: string, headers: Record<string, string>) {
  const response = await fetch(`${server.url}api/v1${path}`, { headers })
  expect(response.status, path).toBe(200)
  const reader = response.body!.getReader()
  await reader.read()
  const rest = async () => {
    while (!(await reader.read()).done);
    return 'whole'
  }
  return { ended: rest().catch(() => 'broken') }
}

/** A WebSocket that shows something, and the code and reason that it is closed with. */
async function show(server: TestServer, path: string, headers: Record<string, string>) {
  const webSocket = new WebSocket(server.url.replace(/^http/, 'ws') + path, 'binary', { headers })
  const closed = new Promise<[number, string]>((resolve) =>
    webSocket.once('close', (code, reason) => resolve([code, reason.toString()])),
  )
  await Promise.race([once(webSocket, path.includes('terminal') ? 'open' : 'message'), closed])
  return { ended: closed }
}

/** An upload that has begun, and how it ends. */
async function upload(server: TestServer, path: string, headers: Record<string, string>) {
  const url = new URL(`${server.url}api/v1${path}`)
  const sent = request(url, { method: 'PUT', headers: { ...headers, expect: '100-continue' } })
  const ended = once(sent, 'response').then(
    () => 'answered',
    () => 'broken',
  )
  sent.flushHeaders()
  // The server asks for the body when it has taken the headers.
  await once(sent, 'continue')
  sent.write('the first part')
  return { ended }
}

/** All that stays open, opened with these headers, and how each of it ends. */
async function openAll(server: TestServer, id: string, headers: Record<string, string>) {
  const open = await Promise.all([
    read(server, `/jobs/${id}/events`, { ...headers, accept: 'text/event-stream' }),
    read(server, `/jobs/${id}/logs?follow=true`, headers),
    read(server, '/jobs/changes', headers),
    upload(server, `/jobs/${id}/files/large`, headers),
    show(server, `jobs/${id}/websockify`, headers),
    show(server, `jobs/${id}/terminal?columns=80&rows=24`, headers),
  ])
  const all = { ended: Promise.all(open.map(({ ended }) => ended)), over: 0 }
  for (const { ended } of open) void (ended as Promise<unknown>).then(() => (all.over += 1))
  return all
}

const broken = ['broken', 'broken', 'broken', 'broken']
const day = 24 * 3600 * 1000

test('a token that is revoked ends what is open by it at once, and nothing else', async () => {
  await using server = await startServer()
  const id = await liveDesktop(server)
  const [revoked, other] = [await makeToken(server, { name: 'a' }), await makeToken(server, { name: 'b' })]
  const mine = await openAll(server, id, { authorization: `Bearer ${revoked.token}` })
  const theirs = await openAll(server, id, { authorization: `Bearer ${other.token}` })
  const owners = await openAll(server, id, { authorization: `Bearer ${server.token}` })

  expect((await server.api('DELETE', `/tokens/${revoked.id}`)).status).toBe(204)
  const told = [1008, 'the API token was revoked']
  expect(await mine.ended).toEqual([...broken, told, told])
  expect([theirs.over, owners.over]).toEqual([0, 0])

  expect((await server.api('DELETE', `/tokens/${other.id}`)).status).toBe(204)
  expect(await theirs.ended).toEqual([...broken, told, told])
  expect(owners.over).toBe(0)
})

test('what is open by a token or a session ends with its time', async () => {
  await using server = await startServer()
  const id = await liveDesktop(server)
  const token = await makeToken(server, { name: 'a', seconds: 4 })
  const byToken = await openAll(server, id, { authorization: `Bearer ${token.token}` })
  const bySession = await openAll(server, id, { cookie: session(server.token, Date.now() + 4000) })
  const later = await openAll(server, id, { cookie: session(server.token, Date.now() + 30 * day) })
  const told = (what: string) => [1008, `the ${what} has ended`]
  expect(await byToken.ended).toEqual([...broken, told('API token'), told('API token')])
  expect(await bySession.ended).toEqual([...broken, told('session'), told('session')])
  expect(later.over).toBe(0)
})
