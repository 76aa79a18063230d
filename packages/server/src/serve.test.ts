import { connect } from 'node:net'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { apiPrefix, routes, type Route } from '@vitrine/contract/routes.ts'
import { describe, expect, test } from 'vitest'
import { fakeRuntime } from './runtimes/fake.ts'
import { startServer, type TestServer } from './testing/start-server.ts'

describe('a job', () => {
  test('runs from its submission to its verdict, with its story and its files', async () => {
    await using server = await startServer()
    const { id } = await server.create({ task: 'print done' })
    const job = await server.reach(id, 'succeeded')
    expect(job).toMatchObject({
      run: 1,
      verdict: { outcome: 'ran', program: 'program.py' },
      desktop: { state: 'live' },
    })
    const events = await server.follow(id, ({ type }) => type === 'files.kept')
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1))
    const logs = await (await server.api('GET', `/jobs/${id}/logs`)).text()
    expect(logs).toContain('job succeeded')
    const files = await server.api('GET', `/jobs/${id}/files/program.py`)
    expect(await files.text()).toBe('print("done")\n')
    expect(files.headers.get('content-disposition')).toMatch(/^attachment/)
  })

  test('is stored once for one idempotency key, and refused for the same key with another body', async () => {
    await using server = await startServer()
    const key = { 'idempotency-key': 'once' }
    const first = await (await server.api('POST', '/jobs', { task: 'a' }, key)).json()
    const again = await (await server.api('POST', '/jobs', { task: 'a' }, key)).json()
    const other = await server.api('POST', '/jobs', { task: 'b' }, key)
    expect(again.id).toBe(first.id)
    expect(other.status).toBe(409)
  })

  test('can be stopped, opened again with its files, restarted and deleted', async () => {
    await using server = await startServer()
    const { id } = await server.create({ task: 'print done' })
    await server.reach(id, 'succeeded')
    await server.api('POST', `/jobs/${id}/stop`)
    await server.reach(id, ({ desktop }) => desktop.state === 'closed')
    expect(await (await server.api('GET', `/jobs/${id}/files/program.py`)).text()).toBe('print("done")\n')

    await server.api('POST', `/jobs/${id}/open`)
    const opened = await server.reach(id, ({ desktop }) => desktop.state === 'live')
    expect(opened.state).toBe('succeeded')
    expect(await (await server.api('GET', `/jobs/${id}/files/program.py`)).text()).toBe('print("done")\n')

    await server.api('POST', `/jobs/${id}/restart`)
    const second = await server.reach(id, ({ run, state }) => run === 2 && state === 'succeeded')
    expect(second.desktop.state).toBe('live')

    expect((await server.api('DELETE', `/jobs/${id}`)).status).toBe(204)
    expect((await server.api('GET', `/jobs/${id}`)).status).toBe(404)
  })

  test('goes on where it was when the server is stopped and started in the middle of it', async () => {
    const go = Promise.withResolvers<void>()
    await using runtime = fakeRuntime({
      script: async ({ tell }) => {
        tell({ type: 'log', data: { level: 'info', message: 'before' } })
        await go.promise
        tell({ type: 'log', data: { level: 'info', message: 'after' } })
        const verdict = { outcome: 'ran', program: null, candidates: 1, checks: [] } as const
        tell({ type: 'verdict', data: { verdict: { ...verdict, checks: [] }, reason: null } })
      },
    })
    await using server = await startServer({ runtime })
    const { id } = await server.create({ task: 'wait' })
    await server.follow(id, ({ type }) => type === 'log')
    await server.restart()
    go.resolve()
    await server.reach(id, 'succeeded')
    const events = await server.follow(id, ({ type }) => type === 'verdict')
    const said = events.flatMap((event) => (event.type === 'log' ? [event.data.message] : []))
    expect(said).toEqual(['before', 'after'])
  })

  test('is canceled while it works, and stays so', async () => {
    await using runtime = fakeRuntime({ script: ({ signal }) => once(signal, 'abort').then(() => undefined) })
    await using server = await startServer({ runtime })
    const { id } = await server.create({ task: 'never ends' })
    await server.reach(id, 'running')
    const canceled = await (await server.api('POST', `/jobs/${id}/cancel`)).json()
    expect(canceled).toMatchObject({ state: 'canceled', reason: { code: 'canceled' } })
  })
})

describe('bad input', () => {
  test('is refused with the field’s name', async () => {
    await using server = await startServer()
    const wrong: [object, string][] = [
      [{}, 'task'],
      [{ task: '' }, 'task'],
      [{ task: ' \n' }, 'task'],
      [{ task: 'a\0b' }, 'task'],
      [{ task: '\ud800' }, 'task'],
      [{ task: 'x'.repeat(256 * 1024 + 1) }, 'task'],
      [{ task: 'a', language: 'cobol' }, 'language'],
      [{ task: 'a', model: '../x' }, 'model'],
      [{ task: 'a', limits: { seconds: 0 } }, 'limits.seconds'],
      [{ task: 'a', limits: { memoryMiB: 1 } }, 'limits.memoryMiB'],
      [{ task: 'a', limits: { modelCalls: 0 } }, 'limits.modelCalls'],
      [{ task: 'a', limits: { tokensIn: 0 } }, 'limits.tokensIn'],
      [{ task: 'a', limits: { tokensOut: 0 } }, 'limits.tokensOut'],
      [{ task: 'a', limits: { concurrentCalls: 65 } }, 'limits.concurrentCalls'],
      [{ task: 'a', check: { shell: 'x' } }, 'check'],
      [{ task: 'a', image: 'x' }, 'image'],
      [{ task: 'a', state: 'succeeded' }, 'state'],
      [{ task: 'a', labels: { 'A B': 'x' } }, 'labels.A B'],
    ]
    for (const [body, field] of wrong) {
      const response = await server.api('POST', '/jobs', body)
      const { error } = await response.json()
      expect([response.status, error.details?.[0]?.path], JSON.stringify(body).slice(0, 60)).toEqual([
        400,
        field,
      ])
    }
    const dangerous = await fetch(`${server.url}api/v1/jobs`, {
      method: 'POST',
      headers: { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' },
      body: '{"task":"a","__proto__":{"state":"succeeded"}}',
    })
    expect(dangerous.status).toBe(400)
  })

  test('a task is stored byte for byte, of 256 KiB too', async () => {
    await using server = await startServer({ environment: { VITRINE_CONCURRENCY: '1' } })
    const tasks = [
      '"; rm -rf / #',
      '$(id)',
      '--help',
      '-v',
      '@x',
      '\u202eabc\u200b👩‍👩‍👧',
      'é'.repeat(128 * 1024),
    ]
    for (const task of tasks) {
      const { id } = await server.create({ task })
      expect((await server.get(id)).task).toBe(task)
    }
  })

  test('pages and filters take nothing that is not theirs', async () => {
    await using server = await startServer()
    for (const query of [
      'limit=-1',
      'limit=0',
      'limit=1e9',
      'limit=201',
      'cursor=x',
      "cursor=' or 1=1",
      'state=x',
      'foo=1',
    ]) {
      expect((await server.api('GET', `/jobs?${query}`)).status, query).toBe(400)
    }
  })

  test('lists jobs in pages, the newest first, by state and label', async () => {
    await using server = await startServer({ environment: { VITRINE_POOL: '0' } })
    const ids: string[] = []
    for (const n of [1, 2, 3]) {
      const { id } = await server.create({ task: `task ${n}`, labels: { team: n === 2 ? 'red' : 'blue' } })
      ids.unshift(id)
    }
    const first = await (await server.api('GET', '/jobs?limit=2')).json()
    const second = await (await server.api('GET', `/jobs?limit=2&cursor=${first.next}`)).json()
    expect([...first.jobs, ...second.jobs].map(({ id }) => id)).toEqual(ids)
    expect(second.next).toBeNull()
    const red = await (await server.api('GET', '/jobs?label=team%3Dred')).json()
    expect(red.jobs.map(({ task }: { task: string }) => task)).toEqual(['task 2'])
  })
})

describe('who may come in', () => {
  const all = (Object.values(routes) as Route[]).map((route) => ({
    method: route.method,
    path: apiPrefix + route.path.replaceAll('{id}', 'job-000000000000').replaceAll('{path}', 'x'),
  }))

  test('nobody without the right token, on any route', async () => {
    await using server = await startServer()
    const { id } = await server.create({ task: 'a' })
    for (const { method, path } of all) {
      for (const authorization of [undefined, 'Bearer wrong', `Basic ${server.token}`]) {
        const response = await fetch(new URL(path.replace('job-000000000000', id), server.url), {
          method,
          headers: authorization ? { authorization } : {},
        })
        expect([response.status, (await response.json()).error.code], `${method} ${path}`).toEqual([
          401,
          'unauthorized',
        ])
      }
    }
    expect((await fetch(`${server.url}openapi.json`)).status).toBe(401)
  })

  test('no other site: foreign hosts, foreign and null origins, forms', async () => {
    await using server = await startServer()
    const send = (headers: Record<string, string>, type = 'application/json') =>
      server.api('POST', '/jobs', { task: 'a' }, { 'content-type': type, ...headers })
    expect((await send({ origin: 'http://evil.example' })).status).toBe(403)
    expect((await send({ origin: 'null' })).status).toBe(403)
    expect((await send({ 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await send({}, 'text/plain')).status).toBe(415)
    expect((await send({}, 'application/x-www-form-urlencoded')).status).toBe(415)
    expect(await answerTo(server, 'evil.example')).toMatch(/^HTTP\/1.1 403/)
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

test('a second server on the same state exits at once and names the first', async () => {
  await using server = await startServer()
  const environment = { VITRINE_STATE_DIR: server.stateDir }
  await expect(startServer({ environment })).rejects.toThrow(`process ${process.pid}`)
})

/** The whole answer to a request that comes with this Host header. */
async function answerTo({ url, token }: TestServer, host: string): Promise<string> {
  const raw = connect(Number(new URL(url).port), '127.0.0.1')
  raw.write(
    `GET /api/v1/jobs HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`,
  )
  return text(raw)
}

test('a port that is taken is said at once, and nothing is left running', async () => {
  await using server = await startServer()
  const environment = { VITRINE_PORT: new URL(server.url).port }
  await expect(startServer({ environment })).rejects.toThrow(/is taken by another program/)
})
