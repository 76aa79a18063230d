import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { JobEvent } from '@vitrine/contract/event.ts'
import { isFinal, type Job } from '@vitrine/contract/job.ts'
import { describe, expect, test } from 'vitest'
import { fakeRuntime } from './runtimes/fake.ts'
import { writeAndPass, type FakeScript } from './runtimes/fake/script.ts'
import type { Runtime } from './runtimes/runtime.ts'
import { startServer, type TestServer } from './testing/start-server.ts'

const eventsOf = async (server: TestServer, id: string): Promise<JobEvent[]> => {
  const headers = { accept: 'application/x-ndjson' }
  const response = await server.api('GET', `/jobs/${id}/events?follow=false`, undefined, headers)
  const lines = (await response.text()).split('\n').filter((line) => line !== '')
  return lines.map((line) => JSON.parse(line) as JobEvent)
}
const list = (runtime: Runtime) => runtime.list(AbortSignal.timeout(5000))
const long = { timeout: 60_000 }

describe('the pool', () => {
  test('of an image that does not start rests, longer each time; a job waits with the reason, and runs once it is mended', async () => {
    await using fake = fakeRuntime()
    let isBroken = true
    const tried: number[] = []
    const create: Runtime['create'] = async (...spec) => {
      if (!isBroken) return fake.create(...spec)
      tried.push(performance.now())
      throw new Error('exec: "/nothing": no such file')
    }
    await using server = await startServer({ runtime: { ...fake, create } })
    await expect.poll(() => tried.length, long).toBe(3)
    const rested = performance.now()
    const { id } = await server.create({ task: 'a' })
    const job = await server.reach(id, ({ waiting }) => waiting?.message.includes('/nothing') === true)
    expect(job).toMatchObject({ state: 'queued', waiting: { for: 'sandbox' } })
    isBroken = false
    await server.reach(id, 'succeeded')
    // Three in a row for the pool, and the job's own; the breaker lets no more through in these seconds.
    const soon = tried.filter((at) => at < rested + 5000)
    expect(soon.length).toBeLessThanOrEqual(3 + 4)
  })

  test('whose sandbox dies when it is claimed costs the job nothing but another sandbox', async () => {
    await using fake = fakeRuntime()
    await using server = await startServer({ runtime: fake })
    const ready = async () => (await (await server.api('GET', '/health')).json()).sandboxes.ready as number
    await expect.poll(ready, long).toBe(1)
    const [first] = await list(fake)
    const created = server.create({ task: 'a' })
    await fake.vanish(first!.id)
    const { id } = await created
    const job = await server.reach(id, ({ state }) => isFinal(state))
    // Handed over before it died, the work is lost and says so; else the job goes to the next one.
    if (job.state === 'failed') expect(job.reason?.code).toBe('sandbox_lost')
    else expect(job.state).toBe('succeeded')
    await expect.poll(ready, long).toBe(1)
  })

  test('gives its one sandbox to one of many jobs that come at once', async () => {
    await using fake = fakeRuntime()
    await using server = await startServer({ runtime: fake, environment: { VITRINE_CONCURRENCY: '8' } })
    const jobs = await Promise.all(Array.from({ length: 8 }, (_, n) => server.create({ task: `job ${n}` })))
    for (const { id } of jobs) await server.reach(id, 'succeeded')
    const held = (await list(fake)).flatMap(({ id }) => fake.agent(id).state.assignment?.job ?? [])
    expect(held.toSorted()).toEqual(jobs.map(({ id }) => id).toSorted())
  })
})

test.each<[string, (wake: () => void) => void]>([
  ['are lost', () => {}],
  ['come three times', (wake) => [0, 1, 2].forEach(wake)],
  ['come late and out of order', (wake) => void setTimeout(wake, Math.random() * 500)],
])('jobs end alike where the engine’s events %s', async (_, tell) => {
  await using fake = fakeRuntime()
  const watch: Runtime['watch'] = (wake, signal) => fake.watch(() => tell(wake), signal)
  await using server = await startServer({ runtime: { ...fake, watch } })
  const done = await server.create({ task: 'done' })
  await server.reach(done.id, 'succeeded')
  const { id: lost } = await server.create({ task: 'lost' })
  await server.reach(lost, 'succeeded')
  const holds = async () =>
    (await list(fake)).find(({ id }) => fake.agent(id).state.assignment?.job === lost)?.id
  await fake.vanish((await holds())!)
  await server.reach(lost, ({ desktop }) => desktop.state === 'closed')
  expect((await server.get(done.id)).desktop.state).toBe('live')
})

describe('an agent that', () => {
  /** A server whose job `bad` has this agent, and whose others have one that works. */
  const play =
    (bad: FakeScript): FakeScript =>
    (work) =>
      work.assignment.task === 'bad' ? bad(work) : writeAndPass(work)

  test.each<[string, (tell: (event: never) => void) => void]>([
    ['tells an event that there is not', (tell) => tell({ type: 'root', data: {} } as never)],
    ['tells an event of the wrong shape', (tell) => tell({ type: 'job.phase', data: { phase: 7 } } as never)],
    [
      'tells an event without end',
      (tell) => tell({ type: 'log', data: { level: 'info', message: 'x'.repeat(5 * 1024 * 1024) } } as never),
    ],
  ])('%s fails its job, which says so, and no other', async (_, misbehave) => {
    await using runtime = fakeRuntime({ script: play(async ({ tell }) => misbehave(tell)) })
    await using server = await startServer({ runtime, environment: { VITRINE_CONCURRENCY: '2' } })
    const [bad, good] = await Promise.all([server.create({ task: 'bad' }), server.create({ task: 'good' })])
    const failed = await server.reach(bad.id, ({ state }) => isFinal(state))
    expect(failed).toMatchObject({ state: 'failed', reason: { code: 'agent_error' } })
    await server.reach(good.id, 'succeeded')
    await server.reach(bad.id, ({ desktop }) => desktop.state === 'closed')
  })

  test('dials a thousand times at once hinders nobody', long, async () => {
    const dials = 1000
    let closed = 0
    await using runtime = fakeRuntime({
      script: play(async (work) => {
        const sockets = Array.from({ length: dials }, () => connect(work.socketPath))
        for (const socket of sockets) socket.on('error', () => undefined).once('close', () => closed++)
        await writeAndPass(work)
      }),
    })
    await using server = await startServer({ runtime, environment: { VITRINE_CONCURRENCY: '2' } })
    const [bad, good] = await Promise.all([server.create({ task: 'bad' }), server.create({ task: 'good' })])
    await server.reach(good.id, 'succeeded')
    await server.reach(bad.id, 'succeeded')
    // What is over its limit is cut at once, the rest when it has said nothing for ten seconds.
    await expect.poll(() => closed, long).toBe(dials)
  })
})

test('everything at once and twice comes to one end, and leaves nothing behind', long, async () => {
  await using fake = fakeRuntime({
    script: async ({ tell, signal, save }) => {
      await sleep(Math.random() * 60, undefined, { signal })
      save('a.txt', 'a')
      const verdict = { outcome: 'ran', program: null, candidate: 1, candidates: 1, checks: [] } as const
      tell({ type: 'verdict', data: { verdict: { ...verdict, checks: [] }, reason: null } })
    },
  })
  await using server = await startServer({ runtime: fake, environment: { VITRINE_CONCURRENCY: '4' } })
  const deeds = ['cancel', 'stop', 'open', 'restart', 'extend', 'delete'] as const
  const done = async (id: string, deed: (typeof deeds)[number]) => {
    const body = deed === 'extend' ? { seconds: 3600 } : undefined
    const { status } = await (deed === 'delete'
      ? server.api('DELETE', `/jobs/${id}`)
      : server.api('POST', `/jobs/${id}/${deed}`, body))
    expect([200, 202, 204, 404, 409]).toContain(status)
  }
  const jobs: Job[] = []
  for (let n = 0; n < 20; n++) {
    const key = { 'idempotency-key': `key ${n}` }
    const both = await Promise.all([1, 2].map(() => server.api('POST', '/jobs', { task: `race ${n}` }, key)))
    const [job, again] = (await Promise.all(both.map((response) => response.json()))) as [Job, Job]
    expect(again.id).toBe(job.id)
    jobs.push(job)
    await sleep(Math.random() * 60)
    const chosen = deeds.filter(() => Math.random() < 0.4)
    await Promise.all([...chosen, ...chosen].map((deed) => done(job.id, deed)))
  }
  const restless = async () => {
    const { jobs: all } = (await (await server.api('GET', '/jobs?limit=200')).json()) as { jobs: Job[] }
    return all.filter(({ state, desktop }) => !isFinal(state) || desktop.state === 'opening').length
  }
  await expect.poll(restless, long).toBe(0)
  for (const { id } of jobs) {
    if ((await server.api('GET', `/jobs/${id}`)).status === 404) continue
    const moves = (await eventsOf(server, id)).flatMap((event) =>
      event.type === 'job.state' ? [[event.run, event.data.from, event.data.to] as const] : [],
    )
    const ends = moves.filter(([, , to]) => isFinal(to)).map(([run]) => run)
    expect(new Set(ends).size, `${id}: one end for each run`).toBe(ends.length)
  }
  expect((await server.api('DELETE', '/jobs')).status).toBe(200)
  const left = async () => (await list(fake)).filter(({ id }) => fake.agent(id).state.assignment !== null)
  await expect.poll(left, long).toEqual([])
  await expect.poll(async () => (await list(fake)).length, long).toBe(1)
})

test(
  'twenty jobs with viewers and followers: nothing is lost or doubled when the server goes and comes back',
  long,
  async () => {
    const go = Promise.withResolvers<void>()
    await using fake = fakeRuntime({
      script: async ({ tell, signal }) => {
        for (let n = 0; n < 10; n++) tell({ type: 'log', data: { level: 'info', message: `before ${n}` } })
        await Promise.race([go.promise, once(signal, 'abort')])
        for (let n = 0; n < 10; n++) tell({ type: 'log', data: { level: 'info', message: `after ${n}` } })
        const verdict = { outcome: 'ran', program: null, candidate: 1, candidates: 1, checks: [] } as const
        tell({ type: 'verdict', data: { verdict: { ...verdict, checks: [] }, reason: null } })
      },
    })
    await using server = await startServer({ runtime: fake, environment: { VITRINE_CONCURRENCY: '20' } })
    const jobs = await Promise.all(Array.from({ length: 20 }, (_, n) => server.create({ task: `job ${n}` })))
    for (const { id } of jobs) await server.reach(id, 'running')
    const sandboxes = async () =>
      (await list(fake)).filter(({ id }) => fake.agent(id).state.assignment).length
    expect(await sandboxes()).toBe(20)
    await server.restart()
    expect(await sandboxes()).toBe(20)
    go.resolve()
    for (const { id } of jobs) {
      await server.reach(id, 'succeeded')
      const events = await eventsOf(server, id)
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1))
      const said = events.flatMap((event) => (event.type === 'log' ? [event.data.message] : []))
      const ten = Array.from({ length: 10 }, (_, n) => n)
      expect(said).toEqual([...ten.map((n) => `before ${n}`), ...ten.map((n) => `after ${n}`)])
    }
  },
)
