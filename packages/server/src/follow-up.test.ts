import { once } from 'node:events'
import type { JobEvent } from '@vitrine/contract/event.ts'
import type { Job } from '@vitrine/contract/job.ts'
import { describe, expect, test } from 'vitest'
import { fakeRuntime } from './runtimes/fake.ts'
import type { FakeWork } from './runtimes/fake-agent.ts'
import { writeAndPass } from './runtimes/fake/script.ts'
import { startServer, type TestServer } from './testing/start-server.ts'

const prompt = (server: TestServer, id: string, body: object, key?: string) =>
  server.api('POST', `/jobs/${id}/prompts`, body, key === undefined ? {} : { 'idempotency-key': key })
/** The run has succeeded, and its files are kept. */
const done = async (server: TestServer, id: string, run: number): Promise<Job> => {
  await server.follow(id, (event) => event.type === 'files.kept' && event.run === run)
  return server.reach(id, (job) => job.run === run && job.state === 'succeeded')
}
const eventsOf = async (server: TestServer, id: string): Promise<JobEvent[]> => {
  const headers = { accept: 'application/x-ndjson' }
  const told = await server.api('GET', `/jobs/${id}/events?follow=false`, undefined, headers)
  const lines = (await told.text()).split('\n').filter((line) => line !== '')
  return lines.map((line) => JSON.parse(line) as JobEvent)
}

/** A server whose sandboxes play `script`; all that they were handed. */
async function serverWith(script: (work: FakeWork) => Promise<void>, concurrency = '4') {
  const handed: FakeWork['assignment'][] = []
  const runtime = fakeRuntime({
    script: (work) => {
      handed.push(work.assignment)
      return script(work)
    },
  })
  const server = await startServer({ runtime, environment: { VITRINE_CONCURRENCY: concurrency } })
  const dispose = async () => {
    await server[Symbol.asyncDispose]()
    await runtime[Symbol.asyncDispose]()
  }
  return { server, runtime, handed, [Symbol.asyncDispose]: dispose }
}

describe('a follow-up', () => {
  test('is a new run in the same sandbox, with its own check, and its events are its own', async () => {
    await using lab = await serverWith(writeAndPass)
    const { server, runtime, handed } = lab
    const { id } = await server.create({ task: 'print done', check: { stdout: 'done' } })
    await done(server, id, 1)
    const before = await runtime.list(AbortSignal.timeout(5000))

    const answer = await prompt(server, id, { prompt: 'Now in red.', check: { command: ['true'] } })
    expect(answer.status).toBe(202)
    expect(await answer.json()).toMatchObject({
      run: 2,
      followUp: { prompt: 'Now in red.', check: { command: ['true'] } },
      verdict: null,
      desktop: { state: 'live', expiresAt: null },
    })
    const job = await done(server, id, 2)
    expect(job).toMatchObject({
      task: 'print done',
      desktop: { state: 'live' },
      verdict: { outcome: 'passed' },
    })
    expect(job.desktop.expiresAt).not.toBeNull()
    expect(handed).toMatchObject([
      { run: 1, followUp: null, check: { stdout: 'done' } },
      { run: 2, followUp: 'Now in red.', check: { command: ['true'] }, mode: 'work' },
    ])
    const ids = before.map((sandbox) => sandbox.id)
    expect((await runtime.list(AbortSignal.timeout(5000))).map((sandbox) => sandbox.id)).toEqual(ids)

    const events = await eventsOf(server, id)
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1))
    const runs = (type: JobEvent['type']) => events.filter((one) => one.type === type).map(({ run }) => run)
    expect(runs('verdict')).toEqual([1, 2])
    expect(runs('job.prompted')).toEqual([2])
    expect(runs('files.kept')).toEqual([1, 1, 2])
    const states = events.flatMap((one) => (one.type === 'job.state' && one.run === 2 ? [one.data.to] : []))
    expect(states).toEqual(['queued', 'starting', 'running', 'succeeded'])
    expect(runs('desktop.state')).toEqual([1, 1])
  })

  test('is refused with the reason while the job works, and where its desktop is not live', async () => {
    const go = Promise.withResolvers<void>()
    await using lab = await serverWith((work) => go.promise.then(() => writeAndPass(work)))
    const { server } = lab
    const { id } = await server.create({ task: 'wait' })
    await server.reach(id, 'running')
    const early = await prompt(server, id, { prompt: 'more' })
    expect([early.status, (await early.json()).error]).toMatchObject([409, { code: 'conflict' }])
    go.resolve()
    await done(server, id, 1)
    await server.api('POST', `/jobs/${id}/stop`)
    await server.reach(id, ({ desktop }) => desktop.state === 'closed')
    const late = await prompt(server, id, { prompt: 'more' })
    expect(late.status).toBe(409)
    expect((await late.json()).error.message).toMatch(/open it first/)

    await server.api('POST', `/jobs/${id}/open`)
    await server.reach(id, ({ desktop }) => desktop.state === 'live')
    expect((await prompt(server, id, { prompt: 'more' })).status).toBe(202)
    await done(server, id, 2)
  })

  test('is refused with the field’s name where it is wrong', async () => {
    await using lab = await serverWith(writeAndPass)
    const { server } = lab
    const { id } = await server.create({ task: 'print done' })
    await done(server, id, 1)
    const wrong: [object, string][] = [
      [{}, 'prompt'],
      [{ prompt: ' ' }, 'prompt'],
      [{ prompt: 'a\0b' }, 'prompt'],
      [{ prompt: 'x'.repeat(256 * 1024 + 1) }, 'prompt'],
      [{ prompt: 'a', check: { shell: 'x' } }, 'check'],
      [{ prompt: 'a', task: 'b' }, 'task'],
      [{ prompt: 'a', limits: {} }, 'limits'],
    ]
    for (const [body, field] of wrong) {
      const answer = await prompt(server, id, body)
      expect([answer.status, (await answer.json()).error.details?.[0]?.path]).toEqual([400, field])
    }
    expect((await prompt(server, 'job-000000000000', { prompt: 'a' })).status).toBe(404)
    expect(await server.get(id)).toMatchObject({ run: 1, state: 'succeeded' })
  })

  test('is made once for one idempotency key, while it works and after it', async () => {
    await using lab = await serverWith(writeAndPass)
    const { server } = lab
    const { id } = await server.create({ task: 'print done' })
    await done(server, id, 1)
    const first = await Promise.all([1, 2, 3].map(() => prompt(server, id, { prompt: 'a' }, 'once')))
    expect(first.map(({ status }) => status)).toEqual([202, 202, 202])
    await done(server, id, 2)
    expect((await (await prompt(server, id, { prompt: 'a' }, 'once')).json()).run).toBe(2)
    expect((await (await prompt(server, id, { prompt: 'b' }, 'once')).json()).error.code).toBe(
      'idempotency_conflict',
    )
    expect((await prompt(server, id, { prompt: 'b' }, 'twice')).status).toBe(202)
    await done(server, id, 3)
  })

  test('waits for a slot like every other work, and can be canceled there', async () => {
    const go = Promise.withResolvers<void>()
    const script = (work: FakeWork) =>
      work.assignment.task === 'long' ? go.promise.then(() => writeAndPass(work)) : writeAndPass(work)
    await using lab = await serverWith(script, '1')
    const { server, handed } = lab
    const { id } = await server.create({ task: 'short' })
    await done(server, id, 1)
    const { id: other } = await server.create({ task: 'long' })
    await server.reach(other, 'running')
    await prompt(server, id, { prompt: 'more' })
    await server.reach(id, ({ waiting }) => waiting?.for === 'slot')
    const canceled = await (await server.api('POST', `/jobs/${id}/cancel`)).json()
    expect(canceled).toMatchObject({ run: 2, state: 'canceled', desktop: { state: 'live' } })
    await prompt(server, id, { prompt: 'again' })
    go.resolve()
    await Promise.all([done(server, id, 3), done(server, other, 1)])
    expect(handed.map(({ run, followUp }) => [run, followUp])).toEqual([
      [1, null],
      [1, null],
      [3, 'again'],
    ])
  })

  test('goes on where it was when the server is stopped and started in the middle of it', async () => {
    const go = Promise.withResolvers<void>()
    const script = async (work: FakeWork) => {
      if (work.assignment.followUp !== null) await go.promise
      await writeAndPass(work)
    }
    await using lab = await serverWith(script)
    const { server } = lab
    const { id } = await server.create({ task: 'print done' })
    await done(server, id, 1)
    await prompt(server, id, { prompt: 'more' })
    await server.reach(id, 'running')
    await server.restart()
    go.resolve()
    await done(server, id, 2)
    const events = await eventsOf(server, id)
    expect(events.filter(({ type }) => type === 'verdict').map(({ run }) => run)).toEqual([1, 2])
  })

  test('fails where its sandbox is lost before it could begin', async () => {
    const go = Promise.withResolvers<void>()
    const script = (work: FakeWork) =>
      work.assignment.task === 'long' ? go.promise.then(() => writeAndPass(work)) : writeAndPass(work)
    await using lab = await serverWith(script, '1')
    const { server, runtime } = lab
    const { id } = await server.create({ task: 'short' })
    await done(server, id, 1)
    const sandbox = (await runtime.list(AbortSignal.timeout(5000))).find(
      (one) => runtime.agent(one.id).state.assignment?.job === id,
    )
    const { id: other } = await server.create({ task: 'long' })
    await server.reach(other, 'running')
    await prompt(server, id, { prompt: 'more' })
    await runtime.vanish(sandbox!.id)
    const lost = await server.reach(id, ({ desktop }) => desktop.state === 'closed')
    expect(lost).toMatchObject({ run: 2, state: 'failed', reason: { code: 'sandbox_lost' } })
    go.resolve()
    await done(server, other, 1)
  })

  test('is not taken for the run before: what that one tells late is its own, and does not end it', async () => {
    const go = Promise.withResolvers<void>()
    const script = async (work: FakeWork) => {
      if (work.assignment.followUp !== null) return go.promise.then(() => writeAndPass(work))
      await once(work.signal, 'abort')
      const verdict = {
        outcome: 'failed',
        program: null,
        candidate: null,
        candidates: 0,
        checks: [],
      } as const
      work.tell({ type: 'verdict', data: { verdict: { ...verdict, checks: [] }, reason: null } })
    }
    await using lab = await serverWith(script)
    const { server } = lab
    const { id } = await server.create({ task: 'never ends' })
    await server.reach(id, 'running')
    await server.api('POST', `/jobs/${id}/cancel`)
    await prompt(server, id, { prompt: 'more' })
    await server.reach(id, 'running')
    await server.follow(id, ({ type }) => type === 'verdict')
    expect(await server.get(id)).toMatchObject({ run: 2, state: 'running' })
    go.resolve()
    await done(server, id, 2)
    const verdicts = (await eventsOf(server, id)).filter(({ type }) => type === 'verdict')
    expect(verdicts.map(({ run }) => run)).toEqual([1, 2])
  })
})
