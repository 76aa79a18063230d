import type { Job } from '@vitrine/contract/job.ts'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startEngine, type TestEngine } from './testbed/engine.ts'
import { image } from './testbed/sandbox.ts'
import { startServerProcess, type ServerProcess } from './testbed/server-process.ts'
import { program, startStories, type Play, type Stories } from './testbed/stories.ts'

let engine: TestEngine
let stories: Stories
let server: ServerProcess

const stack = new AsyncDisposableStack()

beforeAll(async () => {
  engine = stack.use(await startEngine(image))
  stories = stack.use(await startStories())
  server = await startServerProcess({
    VITRINE_MODEL_SERVERS: stories.url,
    VITRINE_MODEL_SLOTS: '4',
    DOCKER_HOST: engine.dockerHost,
    // One that waits would be handed the job that is submitted while the engine is away.
    VITRINE_POOL: '0',
  })
  stack.use(server)
}, 600_000)
afterAll(() => stack.disposeAsync(), 120_000)
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') console.error(server.warnings())
  await engine.start(true)
  await server.vitrine.jobs.deleteAll()
})

const create = (task: string, play: Play, from = server): Promise<Job> => {
  stories.answer(task, play)
  return from.vitrine.jobs.create({ task, limits: { candidates: 1 } })
}
/** A job whose model answers when it is let go. */
async function working(task: string): Promise<{ id: string; letGo: () => void }> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const { id } = await create(task, { text: program('print("went on")'), headerAfter: promise })
  await server.reach(id, ({ phase }) => phase === 'generating')
  return { id, letGo: resolve }
}
/** A job that is submitted while the engine is away says what it waits for; the rest of the API answers too. */
async function submittedMeanwhile(task: string): Promise<Job> {
  const { id } = await create(task, program('print("late")'))
  return server.reach(id, ({ state, waiting }) => state === 'queued' && waiting?.for === 'sandbox')
}

/** The time within which the API answers or says that it can't, whatever the engine does. */
const withinLimit = () => AbortSignal.timeout(5000)
async function expectAnswers(): Promise<void> {
  const { engine } = await server.vitrine.health({ signal: withinLimit() })
  expect(engine.ok).toBe(false)
  await server.vitrine.jobs.list({ signal: withinLimit() }).next()
}

describe('an engine that', { timeout: 300_000 }, () => {
  test('is stopped and started ends the job at work as sandbox_lost, and runs what was submitted meanwhile', async () => {
    const { id } = await working('Wait for the stop.')
    await engine.stop()
    const late = await submittedMeanwhile('Print late after the stop.')
    await expectAnswers()
    await engine.start(true)
    const lost = await server.reach(id, 'failed')
    expect(lost.reason?.code).toBe('sandbox_lost')
    await server.reach(late.id, 'succeeded')
  })

  test('is stopped and started with live-restore, killed and started again lets the job at work go on', async () => {
    const { id, letGo } = await working('Wait for the restarts.')
    await engine.stop()
    const late = await submittedMeanwhile('Print late after the restart.')
    await expectAnswers()
    await engine.start(true)
    await server.reach(late.id, 'succeeded')
    await engine.kill()
    const later = await submittedMeanwhile('Print late after the kill.')
    await expectAnswers()
    await engine.start(true)
    await server.reach(later.id, 'succeeded')
    letGo()
    await server.reach(id, 'succeeded')
  })

  test('freezes is given up on in time, and all goes on when it thaws', async () => {
    const { id, letGo } = await working('Wait for the frost.')
    engine.freeze()
    try {
      const noticed = () => server.warnings().includes('did not list its sandboxes')
      await expect.poll(noticed, { timeout: 60_000 }).toBe(true)
      const late = await submittedMeanwhile('Print late after the frost.')
      await expectAnswers()
      expect((await server.vitrine.jobs.get(late.id, { signal: withinLimit() })).state).not.toBe('failed')
      expect((await server.vitrine.jobs.get(id, { signal: withinLimit() })).state).toBe('running')
      engine.thaw()
      await server.reach(late.id, 'succeeded')
      letGo()
      await server.reach(id, 'succeeded')
    } finally {
      engine.thaw()
    }
  })

  test('has no room on its disk lets jobs wait with the reason, and starts them when there is room', async () => {
    await engine.fillDisk()
    const { id } = await create('Print late after the flood.', program('print("late")'))
    const job = await server.reach(id, ({ waiting }) => waiting?.message.includes('no space left') === true)
    expect(job).toMatchObject({ state: 'queued', waiting: { for: 'sandbox' } })
    await engine.makeRoom()
    await server.reach(id, 'succeeded')
  })
})

test(
  'a job runs whole in gVisor, where that is the configured OCI runtime',
  { timeout: 300_000 },
  async () => {
    await using inGvisor = await startServerProcess({
      VITRINE_MODEL_SERVERS: stories.url,
      DOCKER_HOST: engine.dockerHost,
      VITRINE_OCI_RUNTIME: 'runsc',
      VITRINE_POOL: '0',
    })
    const { id } = await create(
      'Print the kernel.',
      program('import os\n\nprint(os.uname().version)'),
      inGvisor,
    )
    const job = await inGvisor.reach(id, ({ state }) => state === 'succeeded' || state === 'failed')
    expect(job).toMatchObject({ state: 'succeeded', desktop: { state: 'live' } })
    const { id: container } = (await inGvisor.sandboxOf(id))!
    const runtime = await engine.docker('inspect', '--format', '{{.HostConfig.Runtime}}', container)
    expect(runtime.trim()).toBe('runsc')
    const picture = await inGvisor.vitrine.jobs.screenshot(id)
    expect((await picture.bytes()).length).toBeGreaterThan(1000)
    await inGvisor.vitrine.jobs.stop(id)
    await inGvisor.reach(id, ({ desktop }) => desktop.state === 'closed')
    const file = await inGvisor.vitrine.jobs.files.read(id, 'print_the_kernel.py')
    expect(await file.text()).toContain('uname')
  },
)
