import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { StoredJob } from '../store/jobs.ts'
import { storedJob as job } from '../store/testing/stored-job.ts'
import { linkMilliseconds, plan, type Action, type Sandbox, type World } from './plan.ts'

const box = (changes: Partial<Sandbox> = {}): Sandbox => ({
  id: 'sbx-1',
  state: 'running',
  exitCode: null,
  outOfMemory: false,
  link: 'ready',
  linkLost: 0,
  breach: null,
  pooled: false,
  ...changes,
})
const world = (jobs: StoredJob[], boxes: Sandbox[], changes: Partial<World> = {}): World => ({
  jobs,
  sandboxes: new Map(boxes.map((one) => [one.id, one])),
  runtimeAnswers: true,
  poolMayGrow: true,
  poolSize: 0,
  concurrency: 2,
  now: 1_000_000,
  since: 0,
  busy: new Set(),
  ...changes,
})
const brief = (actions: Action[]) =>
  actions.map((action) =>
    [action.do, 'job' in action && action.job.id, 'sandbox' in action && action.sandbox]
      .filter(Boolean)
      .join(' '),
  )

describe('a queued job', () => {
  test('is given a ready sandbox of the pool, the oldest job first', () => {
    const jobs = [job(), job({ id: 'job-2', number: 2 })]
    expect(brief(plan(world(jobs, [box({ pooled: true })])))).toEqual(['claim job-1 sbx-1', 'start job-2'])
  })
  test('gets a sandbox of its own where the pool has none that is ready', () => {
    expect(brief(plan(world([job()], [box({ pooled: true, link: 'none' })], { poolSize: 1 })))).toEqual([
      'start job-1',
    ])
  })
  test('gets a sandbox of its own where it wants another size than the pool’s', () => {
    const big = job({ request: { limits: { ...job().request.limits, memoryMiB: 2048 } } })
    expect(brief(plan(world([big], [box({ pooled: true })], { poolSize: 1 })))).toEqual(['start job-1'])
  })
  test('waits for a slot at its place in the queue, and says so once', () => {
    const running = job({ id: 'job-0', state: 'running', desktop: 'live', sandbox: 'sbx-1' })
    const second = job({ id: 'job-2', number: 2 })
    const [action, next] = plan(world([running, job(), second], [box()], { concurrency: 1 }))
    expect(action).toMatchObject({
      do: 'wait',
      waiting: { for: 'slot', message: expect.stringContaining('number 1 in') },
    })
    expect(next).toMatchObject({ do: 'wait', waiting: { message: expect.stringContaining('number 2 in') } })
    const told = job({}, { waiting: (action as Action & { do: 'wait' }).waiting })
    expect(plan(world([running, told], [box()], { concurrency: 1 }))).toEqual([])
  })
  test('waits with a reason while the runtime does not answer', () => {
    const [action] = plan(world([job()], [], { runtimeAnswers: false }))
    expect(action).toMatchObject({ do: 'wait', waiting: { for: 'sandbox' } })
  })
  test('is not tried again before its back-off is over', () => {
    expect(plan(world([job({}, { notBefore: 1_000_001 })], []))).toEqual([])
  })
})

describe('a job that holds a sandbox', () => {
  const held = { sandbox: 'sbx-1', desktop: 'live' } as const
  test('is handed a follow-up there when a slot is free, and waits for one as a new job does', () => {
    const asked = job({ run: 2, state: 'queued', ...held })
    expect(brief(plan(world([asked], [box()])))).toEqual(['assign job-1 sbx-1'])
    expect(plan(world([asked], [box({ link: 'none' })]))).toEqual([])
    const running = job({ id: 'job-0', state: 'running', desktop: 'live', sandbox: 'sbx-0' })
    const boxes = [box({ id: 'sbx-0' }), box()]
    const [wait] = plan(world([running, asked], boxes, { concurrency: 1 }))
    expect(wait).toMatchObject({ do: 'wait', job: { id: 'job-1' }, waiting: { for: 'slot' } })
    const later = job({ id: 'job-2', number: 2 })
    const pool = box({ id: 'sbx-2', pooled: true })
    expect(brief(plan(world([running, asked, later], [...boxes, pool])))).toEqual([
      'assign job-1 sbx-1',
      'wait job-2',
      'remove sbx-2',
    ])
  })
  test.each(['queued', 'starting'] as const)(
    'fails where it is lost with a follow-up that is %s',
    (state) => {
      const asked = job({ run: 2, state, ...held })
      expect(plan(world([asked], []))).toMatchObject([{ do: 'fail', reason: { code: 'sandbox_lost' } }])
    },
  )
  test('is handed over when the agent is linked', () => {
    const starting = job({ state: 'starting', desktop: 'opening', sandbox: 'sbx-1' })
    expect(brief(plan(world([starting], [box()])))).toEqual(['assign job-1 sbx-1'])
    expect(plan(world([starting], [box({ link: 'none' })]))).toEqual([])
  })
  test('fails when its sandbox is gone, but not while the runtime does not answer', () => {
    const running = job({ state: 'running', ...held })
    expect(plan(world([running], []))).toMatchObject([{ do: 'fail', reason: { code: 'sandbox_lost' } }])
    expect(plan(world([running], [], { runtimeAnswers: false }))).toEqual([])
  })
  test('fails with the limit named when the sandbox ran out of memory', () => {
    const actions = plan(
      world([job({ state: 'running', ...held })], [box({ state: 'exited', outOfMemory: true })]),
    )
    expect(actions).toMatchObject([
      { do: 'fail', reason: { code: 'out_of_memory', message: expect.stringContaining('1024 MiB') } },
    ])
  })
  test('says when somebody paused the sandbox, and is not failed for the silence', () => {
    const actions = plan(
      world(
        [job({ state: 'running', ...held })],
        [box({ state: 'paused', link: 'none', linkLost: linkMilliseconds * 2 })],
      ),
    )
    expect(actions).toMatchObject([{ do: 'wait', waiting: { for: 'sandbox' } }])
  })
  test('fails when the agent has been silent for a minute', () => {
    const actions = plan(
      world([job({ state: 'running', ...held })], [box({ link: 'none', linkLost: linkMilliseconds + 1 })]),
    )
    expect(actions).toMatchObject([{ do: 'fail', reason: { code: 'agent_error' } }])
  })
  test('is not failed for time that went by while no server was there', () => {
    const running = job({ state: 'running', ...held }, { startedAt: 0 })
    expect(plan(world([running], [box()], { since: 999_000 }))).toEqual([])
    expect(plan(world([running], [box()], { since: 1000 }))).toMatchObject([{ do: 'fail' }])
  })
  test('fails when it works longer than its limit, not counting the time it waited for the model', () => {
    const startedAt = 1_000_000 - 700_000
    expect(plan(world([job({ state: 'running', ...held }, { startedAt })], [box()]))).toMatchObject([
      { do: 'fail', reason: { code: 'time_limit' } },
    ])
    expect(
      plan(world([job({ state: 'running', ...held }, { startedAt, waited: 200_000 })], [box()])),
    ).toEqual([])
  })
  test('tries again when a sandbox did not come up, and gives up in the end', () => {
    const starting = { state: 'starting', desktop: 'opening', sandbox: 'sbx-1' } as const
    expect(
      brief(plan(world([job(starting)], [box({ state: 'exited', exitCode: 1, link: 'none' })]))),
    ).toEqual(['retry job-1'])
    expect(plan(world([job(starting, { attempts: 7 })], []))).toMatchObject([
      { do: 'fail', reason: { code: 'sandbox_failed' } },
    ])
  })
  test('has its desktop closed when its time is over, on request, or when the sandbox is gone', () => {
    const ended = { state: 'succeeded', ...held } as const
    expect(brief(plan(world([job(ended, { expiresAt: 1_000_000 })], [box()])))).toEqual(['close job-1'])
    expect(brief(plan(world([job(ended, { closing: true })], [box()])))).toEqual(['close job-1'])
    expect(brief(plan(world([job(ended)], [])))).toEqual(['close job-1'])
    expect(plan(world([job(ended, { expiresAt: 1_000_001 })], [box()]))).toEqual([])
  })
})

test('the pool is filled, shrunk, and emptied of what is broken or nobody’s', () => {
  expect(brief(plan(world([], [], { poolSize: 2 })))).toEqual(['fill', 'fill'])
  expect(plan(world([], [], { poolSize: 2, poolMayGrow: false }))).toEqual([])
  expect(brief(plan(world([], [box({ pooled: true, state: 'exited' })], { poolSize: 1 })))).toEqual([
    'remove sbx-1',
    'fill',
  ])
  expect(brief(plan(world([], [box()], { poolSize: 1 })))).toEqual(['remove sbx-1', 'fill'])
  expect(brief(plan(world([], [box({ pooled: true })])))).toEqual(['remove sbx-1'])
})

test('the pool is filled again once the desktop of the job that took from it has been opened', () => {
  const claimed = plan(world([job()], [box({ pooled: true })], { poolSize: 1 }))
  expect(brief(claimed)).toEqual(['claim job-1 sbx-1'])
  const held = { sandbox: 'sbx-1', state: 'running', desktop: 'live' } as const
  const startedAt = 1_000_000
  const later = (now: number) => brief(plan(world([job(held, { startedAt })], [box()], { poolSize: 1, now })))
  expect(later(startedAt + 10)).toEqual([])
  expect(later(startedAt + 1000)).toEqual(['fill'])
})

const anyJob = fc
  .record({
    number: fc.nat(20),
    state: fc.constantFrom('queued', 'starting', 'running', 'succeeded', 'failed', 'canceled'),
    desktop: fc.constantFrom('closed', 'opening', 'live'),
    sandbox: fc.option(fc.constantFrom('sbx-1', 'sbx-2', 'sbx-3', 'sbx-4')),
    deleting: fc.boolean(),
    closing: fc.boolean(),
    expiresAt: fc.option(fc.constantFrom(0, 2_000_000)),
  } as const)
  .map(({ closing, expiresAt, ...rest }) =>
    job({ ...rest, id: `job-${rest.number}` }, { closing, expiresAt }),
  )
const anyBox = fc
  .record({
    id: fc.constantFrom('sbx-1', 'sbx-2', 'sbx-3', 'sbx-4', 'sbx-5', 'sbx-6'),
    state: fc.constantFrom('starting', 'running', 'paused', 'exited'),
    link: fc.constantFrom('none', 'ready'),
    pooled: fc.boolean(),
  } as const)
  .map((changes) => box(changes))
const anyWorld = fc
  .record({
    jobs: fc.uniqueArray(anyJob, { selector: ({ id }) => id }),
    boxes: fc.uniqueArray(anyBox, { selector: ({ id }) => id }),
    poolSize: fc.nat(3),
    concurrency: fc.integer({ min: 1, max: 4 }),
    runtimeAnswers: fc.boolean(),
  })
  .map(({ jobs, boxes, ...rest }) => world(jobs, boxes, rest))

describe('whatever the world is like', () => {
  const claims = (actions: Action[]) => actions.filter((action) => action.do === 'claim')

  test('no sandbox is claimed twice, and none that another job holds', () => {
    fc.assert(
      fc.property(anyWorld, (any) => {
        const claimed = claims(plan(any)).map(({ sandbox }) => sandbox)
        const held = any.jobs.map(({ sandbox }) => sandbox)
        expect(new Set(claimed).size).toBe(claimed.length)
        expect(claimed.filter((id) => held.includes(id))).toEqual([])
      }),
    )
  })
  test('a sandbox that a job holds is not removed under it', () => {
    fc.assert(
      fc.property(anyWorld, (any) => {
        const held = any.jobs.map(({ sandbox }) => sandbox)
        const removed = plan(any).flatMap((action) => (action.do === 'remove' ? [action.sandbox] : []))
        const claimed = claims(plan(any)).map(({ sandbox }) => sandbox)
        expect(removed.filter((id) => held.includes(id) || claimed.includes(id))).toEqual([])
      }),
    )
  })
  test('no more jobs work at once than there are slots', () => {
    fc.assert(
      fc.property(anyWorld, (any) => {
        const working = any.jobs.filter(({ state }) => state === 'starting' || state === 'running').length
        const begun = plan(any).filter(
          (action) => (action.do === 'claim' || action.do === 'start') && action.job.state === 'queued',
        ).length
        expect(begun).toBeLessThanOrEqual(Math.max(0, any.concurrency - working))
      }),
    )
  })
  test('each job gets at most one action', () => {
    fc.assert(
      fc.property(anyWorld, (any) => {
        const ids = plan(any).flatMap((action) => ('job' in action ? [action.job.id] : []))
        expect(new Set(ids).size).toBe(ids.length)
      }),
    )
  })
  test('nothing that is busy is touched', () => {
    fc.assert(
      fc.property(anyWorld, (any) => {
        const busy = new Set([...any.jobs.map(({ id }) => id), ...any.sandboxes.keys()])
        expect(plan({ ...any, busy }).filter((action) => action.do !== 'fill')).toEqual([])
      }),
    )
  })
})
