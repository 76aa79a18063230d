import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { fakeRuntime } from './runtimes/fake.ts'
import { startServer } from './testing/start-server.ts'

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
        const verdict = { outcome: 'ran', program: null, candidate: 1, candidates: 1, checks: [] } as const
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

  test('that waits for a slot tells its place in the queue, which moves up without an event of its own', async () => {
    await using runtime = fakeRuntime({ script: ({ signal }) => once(signal, 'abort').then(() => undefined) })
    await using server = await startServer({ runtime, environment: { VITRINE_CONCURRENCY: '1' } })
    const [first, second, third] = [
      await server.create({ task: 'one' }),
      await server.create({ task: 'two' }),
      await server.create({ task: 'three' }),
    ] as const
    await server.reach(first.id, 'running')
    await server.reach(third.id, ({ waiting }) => waiting?.message.includes('number 2 in the queue') === true)
    const events = async () =>
      (await (await server.api('GET', `/jobs/${third.id}/events?follow=false`)).text()).length
    const before = await events()
    await server.api('POST', `/jobs/${first.id}/cancel`)
    await server.reach(second.id, 'running')
    const { jobs } = await (await server.api('GET', '/jobs')).json()
    expect(jobs[0]).toMatchObject({
      id: third.id,
      waiting: { for: 'slot', message: expect.stringContaining('number 1 in the queue') },
    })
    expect(await events()).toBe(before)
    const logs = await (await server.api('GET', `/jobs/${third.id}/logs`)).text()
    expect(logs).toContain('waiting: all slots are taken; number 2 in the queue')
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

test('a second server on the same state exits at once and names the first', async () => {
  await using server = await startServer()
  const environment = { VITRINE_STATE_DIR: server.stateDir }
  await expect(startServer({ environment })).rejects.toThrow(`process ${process.pid}`)
})

test('a port that is taken is said at once, and nothing is left running', async () => {
  await using server = await startServer()
  const environment = { VITRINE_PORT: new URL(server.url).port }
  await expect(startServer({ environment })).rejects.toThrow(/is taken by another program/)
})
