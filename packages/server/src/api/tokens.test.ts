import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Token } from '@vitrine/contract/token.ts'
import { describe, expect, test } from 'vitest'
import { startServer, type TestServer } from '../testing/start-server.ts'

type Made = Token & { token: string }

const create = async (server: TestServer, body: object = { name: 'a program' }) =>
  (await (await server.api('POST', '/tokens', body)).json()) as Made
const list = async (server: TestServer) =>
  ((await (await server.api('GET', '/tokens')).json()) as { tokens: Token[] }).tokens
/** A call with an API token instead of the server’s own. */
const call = (server: TestServer, token: string, method: string, path: string, body?: object) =>
  server.api(method, path, body, { authorization: `Bearer ${token}` })

describe('an API token', () => {
  test('lets a program in until it is revoked, over restarts of the server', async () => {
    await using server = await startServer()
    const made = await create(server)
    expect(made).toMatchObject({ name: 'a program', expiresAt: null, usedAt: null })
    const job = await (await call(server, made.token, 'POST', '/jobs', { task: 'print 1' })).json()
    await server.follow((job as { id: string }).id, ({ type }) => type === 'files.kept')
    await server.restart()
    expect((await call(server, made.token, 'GET', '/jobs')).status).toBe(200)
    const [listed] = await list(server)
    expect(listed).toEqual({ ...made, token: undefined, usedAt: expect.any(String) as string })
    expect((await server.api('DELETE', `/tokens/${made.id}`)).status).toBe(204)
    expect((await call(server, made.token, 'GET', '/jobs')).status).toBe(401)
    expect((await server.api('DELETE', `/tokens/${made.id}`)).status).toBe(404)
    expect(await list(server)).toEqual([])
  })

  test('ends with its time, and stays in the list until it is removed', async () => {
    await using server = await startServer()
    const made = await create(server, { name: 'short', seconds: 1 })
    const status = async () => (await call(server, made.token, 'GET', '/jobs')).status
    await expect.poll(status, { timeout: 10_000 }).toBe(401)
    expect((await list(server)).map(({ id }) => id)).toEqual([made.id])
  })

  test.each([
    ['POST', '/tokens', { name: 'another' }],
    ['GET', '/tokens', undefined],
    ['DELETE', '/tokens/tok-0123456789ab', undefined],
    ['POST', '/sign-in-links', {}],
  ] as const)('can not %s %s: what it began ends with it', async (method, path, body) => {
    await using server = await startServer()
    const { token } = await create(server)
    const refused = await call(server, token, method, path, body)
    expect(refused.status).toBe(403)
    expect(await refused.text()).toContain('An API token is not enough')
  })

  test('is kept as a hash only', async () => {
    await using server = await startServer()
    const { token } = await create(server)
    for (const name of await readdir(server.stateDir)) {
      if (!name.startsWith('vitrine.db')) continue
      expect((await readFile(join(server.stateDir, name))).includes(token), name).toBe(false)
    }
  })

  test.each([
    [{ name: ' ' }, 'name'],
    [{ name: 'x'.repeat(101) }, 'name'],
    [{ name: 'a', seconds: 0 }, 'seconds'],
    [{ name: 'a', owner: true }, 'owner'],
  ])('%j is refused, and the field named', async (body, field) => {
    await using server = await startServer()
    const refused = await server.api('POST', '/tokens', body)
    expect(refused.status).toBe(400)
    expect(await refused.json()).toMatchObject({ error: { details: [{ path: field }] } })
  })
})
