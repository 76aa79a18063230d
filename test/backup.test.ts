import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Vitrine } from '@vitrine/sdk/vitrine.ts'
import { readConfig } from '@vitrine/server/config.ts'
import { writeAndPass, type FakeScript } from '@vitrine/server/runtimes/fake/script.ts'
import { fakeRuntime } from '@vitrine/server/runtimes/fake.ts'
import { serve } from '@vitrine/server/serve.ts'
import { silentLog } from '@vitrine/server/testing/silent-log.ts'
import { startServer } from '@vitrine/server/testing/start-server.ts'
import { webPages } from '@vitrine/server/testing/web-pages.ts'
import { expect, test } from 'vitest'
import { freePort } from './testbed/free-port.ts'
import { expectInvariants, restless } from './testbed/invariants.ts'

const run = promisify(execFile)
const cli = join(import.meta.dirname, '../packages/cli/src/main.ts')
const poolSize = 1

const script: FakeScript = async (work) => {
  if (work.assignment.task !== 'wait') return writeAndPass(work)
  await once(work.signal, 'abort')
}

/** A server of its own on what a backup holds, and on an engine that knows nothing of it. */
async function startOn(stateDir: string) {
  await using stack = new AsyncDisposableStack()
  const runtime = stack.use(fakeRuntime({ script }))
  const port = await freePort()
  const config = readConfig({
    VITRINE_STATE_DIR: stateDir,
    VITRINE_PORT: String(port),
    VITRINE_DESKTOP_PORTS: 'off',
    VITRINE_POOL: String(poolSize),
    VITRINE_WEB_DIR: await webPages(stateDir),
  })
  const { url } = stack.use(await serve(config, { runtimeFor: async () => runtime, log: silentLog }))
  const token = (await readFile(join(stateDir, 'token'), 'utf8')).trim()
  const containers = async () =>
    (await runtime.list(AbortSignal.timeout(10_000))).map(({ id, state }) => ({
      id,
      sandbox: id,
      state,
      assignment: runtime.agent(id).state.assignment,
    }))
  const whole = stack.move()
  return {
    stateDir,
    vitrine: new Vitrine({ url, token }),
    containers,
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  }
}

test('a backup made during writes, restored elsewhere, is whole; jobs that ran have failed and say why', async () => {
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'vitrine-backup-'))
  stack.defer(() => rm(folder, { recursive: true }))
  const server = stack.use(
    await startServer({
      runtime: stack.use(fakeRuntime({ script })),
      environment: { VITRINE_CONCURRENCY: '4', VITRINE_POOL: String(poolSize) },
    }),
  )
  const vitrine = new Vitrine({ url: server.url, token: server.token })
  const submitted = new Map<string, string>()
  const during = new Set<string>()
  const submit = async (task: string) => {
    const key = crypto.randomUUID()
    const { id } = await vitrine.jobs.create({ task, labels: { key } })
    submitted.set(key, id)
    return id
  }
  const waiting = await submit('wait')
  await server.reach(waiting, 'running')
  const done = await submit('print 1')
  await server.follow(done, ({ type }) => type === 'files.kept')
  const writing = new AbortController()
  const writers = [1, 2, 3].map(async () => {
    while (!writing.signal.aborted) {
      const id = await submit('print 2')
      during.add(id)
      await server.reach(id, 'succeeded')
    }
  })
  await expect.poll(() => during.size).toBeGreaterThan(5)
  const before = new Set(during)

  const copy = join(folder, 'copy')
  const env = { ...process.env, VITRINE_STATE_DIR: server.stateDir }
  const { stdout } = await run(process.execPath, [cli, 'backup', copy], { env })
  expect(stdout).toBe(`${copy}\n`)
  await expect.poll(() => during.size).toBeGreaterThan(before.size)
  writing.abort()
  await Promise.all(writers)
  const file = async (from: Vitrine) => {
    const { files } = await from.jobs.files.list(done)
    return Promise.all(
      files.map(async ({ path }) => [path, await (await from.jobs.files.read(done, path)).text()]),
    )
  }
  const files = await file(vitrine)
  await server[Symbol.asyncDispose]()

  await using restored = await startOn(copy)
  await expect.poll(() => restless(restored, poolSize), { timeout: 60_000 }).toEqual([])
  const late = new Set([...during].filter((id) => !before.has(id)))
  await expectInvariants(
    restored,
    { submitted, deleted: new Set(), maybeDeleted: late, followed: new Map() },
    poolSize,
  )
  const lost = await restored.vitrine.jobs.get(waiting)
  expect(lost).toMatchObject({ state: 'failed', reason: { code: 'sandbox_lost' } })
  expect(lost.desktop.state).toBe('closed')
  expect(await file(restored.vitrine)).toEqual(files)
  expect(files.length).toBeGreaterThan(0)
})

test('a backup into a folder that holds something, or of nothing, is refused', async () => {
  const env = { ...process.env, VITRINE_STATE_DIR: join(tmpdir(), 'vitrine-nowhere') }
  const to = async (folder: string) =>
    run(process.execPath, [cli, 'backup', folder], { env }).catch((error: unknown) => error)
  expect(await to(import.meta.dirname)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('not empty'),
  })
  const empty = await mkdtemp(join(tmpdir(), 'vitrine-backup-'))
  expect(await to(empty)).toMatchObject({ code: 3, stderr: expect.stringContaining('nothing to copy') })
  await rm(empty, { recursive: true })
})
