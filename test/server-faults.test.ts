import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import type { Job } from '@vitrine/contract/job.ts'
import { expect, test } from 'vitest'
import { startServerProcess, type ServerProcess } from './testbed/server-process.ts'
import { program, startStories, type Play, type Stories } from './testbed/stories.ts'

const run = promisify(execFile)
const main = join(import.meta.dirname, '../packages/server/src/main.ts')
const patient = { timeout: 300_000 }
const hour = 3_600_000

async function withServer(
  environment: Record<string, string> = {},
  folder = tmpdir(),
): Promise<AsyncDisposable & { server: ServerProcess; stories: Stories }> {
  const stack = new AsyncDisposableStack()
  const stories = stack.use(await startStories())
  const settings = { VITRINE_MODEL_SERVERS: stories.url, VITRINE_MODEL_SLOTS: '8', VITRINE_CONCURRENCY: '4' }
  const server = await startServerProcess({ ...settings, ...environment }, folder)
  stack.use(server)
  return { server, stories, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

/** A server whose wall clock goes wrong by as many milliseconds as `moveClock` says, from then on. */
async function withMovableClock() {
  const stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'vitrine-test-'))
  stack.defer(() => rm(folder, { recursive: true }))
  const clock = join(folder, 'clock')
  const moveClock = (milliseconds: number) => writeFile(clock, String(milliseconds))
  await moveClock(0)
  const NODE_OPTIONS = `--import ${join(import.meta.dirname, 'testbed/movable-clock.ts')}`
  const { server, stories } = stack.use(await withServer({ NODE_OPTIONS, CLOCK_FILE: clock }))
  return { server, stories, moveClock, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

const create = (on: { server: ServerProcess; stories: Stories }, task: string, play: Play): Promise<Job> => {
  on.stories.answer(task, play)
  return on.server.vitrine.jobs.create({ task, limits: { candidates: 1 } })
}
/** A job whose model answers when it is let go. */
async function working(on: { server: ServerProcess; stories: Stories }, task: string) {
  const { promise, resolve } = Promise.withResolvers<void>()
  const { id } = await create(on, task, { text: program('print("went on")'), headerAfter: promise })
  await on.server.reach(id, ({ phase }) => phase === 'generating')
  return { id, letGo: resolve }
}

test(
  'a second server on the same state ends at once, and names the process of the first',
  patient,
  async () => {
    await using on = await withServer({ VITRINE_POOL: '0' })
    const env = { ...process.env, VITRINE_STATE_DIR: on.server.stateDir, VITRINE_PORT: '7999' }
    const second = await run(process.execPath, [main], { env }).catch((error: unknown) => error)
    expect(second).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/uses .*: process \d+, at http.*vitrine down/s),
    })
    await on.server.vitrine.health()
  },
)

test.each([
  ['is read-only', 'mount -t tmpfs none $DIR; mount -o remount,ro $DIR', 'read-only file system'],
  [
    'became read-only with what a server left in it',
    'mount -t tmpfs none $DIR; touch $DIR/lock $DIR/token $DIR/vitrine.db; mount -o remount,ro $DIR',
    'read-only file system',
  ],
  [
    'has a lock that can’t be opened',
    'mount -t tmpfs none $DIR; mkdir $DIR/lock',
    'unable to open database file',
  ],
  [
    'belongs to somebody else',
    'mount -t tmpfs none $DIR; exec setpriv --reuid 65534 --clear-groups $START',
    'operation not permitted',
  ],
])('a server whose state directory %s ends at once with one message', async (_name, prepare, why) => {
  const folder = await mkdtemp(join(tmpdir(), 'vitrine-test-'))
  const start = `${process.execPath} ${main}`
  const settings = { DIR: folder, START: start, VITRINE_STATE_DIR: folder, VITRINE_PORT: '7999' }
  const script = `${prepare}; exec ${start}`
  const env = { ...process.env, ...settings }
  const ended = await run('unshare', ['--mount', 'sh', '-ec', script], { env }).catch(
    (error: unknown) => error,
  )
  await rm(folder, { recursive: true })
  expect(ended).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^The state directory cannot be used: .*VITRINE_STATE_DIR\.\n$/),
  })
  expect((ended as { stderr: string }).stderr.toLowerCase()).toContain(why)
})

test(
  'a server that is told to stop under load, once or twice, ends in time, and its jobs go on afterwards',
  patient,
  async () => {
    await using on = await withServer()
    const jobs = await Promise.all([1, 2, 3].map((n) => working(on, `Wait number ${n} for the stop.`)))
    const followed = Array.fromAsync(
      on.server.vitrine.jobs.events(jobs[0]!.id, { signal: AbortSignal.timeout(5000) }),
    )
    followed.catch(() => {})
    expect(await on.server.stop()).toBe(0)
    expect(
      (await on.server.containers()).filter(({ state }) => state === 'running').length,
    ).toBeGreaterThanOrEqual(3)
    await on.server.start()
    // The second signal ends it at once, wherever it meets it.
    const told = performance.now()
    expect([0, 1, null]).toContain(await on.server.stop(2))
    expect(performance.now() - told).toBeLessThan(15_000)
    await on.server.start()
    for (const { letGo } of jobs) letGo()
    for (const { id } of jobs) await on.server.reach(id, 'succeeded')
  },
)

test(
  'a clock that moves by an hour or a day, either way, ends nothing and orders nothing anew',
  patient,
  async () => {
    await using on = await withMovableClock()
    const { vitrine } = on.server
    const shown = await create(on, 'Print shown.', program('print("shown")'))
    await on.server.reach(shown.id, 'succeeded')
    const { id, letGo } = await working(on, 'Wait for the clock.')
    for (const [n, offset] of [hour, -hour, 24 * hour, -24 * hour].entries()) {
      await on.moveClock(offset)
      const job = await create(on, `Print ${n}.`, program(`print(${n})`))
      await on.server.reach(job.id, 'succeeded')
      expect((await vitrine.jobs.get(shown.id)).desktop.state, String(offset)).toBe('live')
      expect((await vitrine.jobs.get(id)).state, String(offset)).toBe('running')
    }
    letGo()
    await on.server.reach(id, 'succeeded')
    const newest = (await Array.fromAsync(vitrine.jobs.list())).map(({ task }) => task)
    expect(newest).toEqual([
      'Print 3.',
      'Print 2.',
      'Print 1.',
      'Print 0.',
      'Wait for the clock.',
      'Print shown.',
    ])
    const events = await Array.fromAsync(vitrine.jobs.events(id, { follow: false }))
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1))
    const times = events.map(({ at }) => Date.parse(at))
    expect(times).toEqual(times.toSorted((a, b) => a - b))
  },
)

test(
  'a clock that was moved while no server ran ends nothing, and no desktop stays for longer',
  patient,
  async () => {
    await using on = await withMovableClock()
    const { vitrine } = on.server
    const shown = await create(on, 'Print shown.', program('print("shown")'))
    await on.server.reach(shown.id, 'succeeded')
    const { id, letGo } = await working(on, 'Wait for the clock.')
    for (const offset of [hour, -hour, 24 * hour, -24 * hour]) {
      await on.server.stop()
      await on.moveClock(offset)
      await on.server.start()
      const job = await create(on, `Print at ${offset}.`, program('print("on time")'))
      await on.server.reach(job.id, 'succeeded')
      const { desktop } = await vitrine.jobs.get(shown.id)
      expect(desktop.state, String(offset)).toBe('live')
      const left = Date.parse(desktop.expiresAt!) - (Date.now() + offset)
      expect(left, String(offset)).toBeLessThanOrEqual(hour)
      expect(left, String(offset)).toBeGreaterThan(0.8 * hour)
      expect((await vitrine.jobs.get(id)).state, String(offset)).toBe('running')
    }
    letGo()
    await on.server.reach(id, 'succeeded')
    const [recording] = await vitrine.jobs.recordings.list(id)
    const { from, to } = recording!.segments.at(-1)!
    expect(to, 'what is recorded since has its own time').toBeGreaterThan(from)
  },
)

test(
  'a state directory without room acknowledges nothing, answers, and recovers by itself with the jobs that ran',
  patient,
  async () => {
    await using stack = new AsyncDisposableStack()
    const folder = await mkdtemp(join(tmpdir(), 'vitrine-test-'))
    stack.defer(() => rm(folder, { recursive: true, force: true }))
    await run('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'vitrine-test', folder])
    stack.defer(async () => void (await run('umount', ['--lazy', folder])))
    const on = stack.use(await withServer({ VITRINE_RECORD: 'off' }, folder))
    const { vitrine } = on.server
    const { id, letGo } = await working(on, 'Wait for room.')
    const filler = join(folder, 'filler')
    await run('dd', ['if=/dev/zero', `of=${filler}`, 'bs=4096', 'count=8192']).catch(() => {})
    // What the log of the database has left is used up by these; then nothing is stored, and nothing is acknowledged.
    const acknowledged: string[] = []
    const refused = async () => {
      for (;;) {
        try {
          acknowledged.push(
            (await vitrine.jobs.create({ task: 'x'.repeat(100_000), labels: { kind: 'filler' } })).id,
          )
        } catch (error) {
          return error
        }
      }
    }
    expect(await refused()).toMatchObject({ status: 507, code: 'storage_full' })
    expect((await vitrine.jobs.get(id)).state).toBe('running')
    await vitrine.health()
    letGo()
    await rm(filler)
    await on.server.reach(id, 'succeeded')
    const { id: after } = await create(on, 'Print after.', program('print("after")'))
    const stored = (await Array.fromAsync(vitrine.jobs.list({ labels: { kind: 'filler' } }))).map(
      (job) => job.id,
    )
    expect(stored.toSorted()).toEqual(acknowledged.toSorted())
    for (const filling of acknowledged) await vitrine.jobs.delete(filling)
    await on.server.reach(after, 'succeeded')
  },
)

test.runIf(existsSync('/dev/loop-control') && existsSync('/sys/fs/ext4'))(
  'a state directory that becomes read-only acknowledges nothing, answers, and lets the server be stopped',
  patient,
  async () => {
    await using stack = new AsyncDisposableStack()
    const folder = await mkdtemp(join(tmpdir(), 'vitrine-test-'))
    stack.defer(() => rm(folder, { recursive: true, force: true }))
    const [disk, mounted] = [join(folder, 'disk'), join(folder, 'mounted')]
    await run('truncate', ['--size=64M', disk])
    await run('mkfs.ext4', ['-q', disk])
    await mkdir(mounted)
    await run('mount', ['-o', 'loop,errors=remount-ro', disk, mounted])
    const { stdout: device } = await run('findmnt', ['--noheadings', '--output', 'SOURCE', mounted])
    const on = stack.use(await withServer({}, mounted))
    stack.defer(async () => void (await run('umount', ['--lazy', mounted])))
    const { vitrine } = on.server
    const done = await create(on, 'Print done.', program('print("done")'))
    await on.server.reach(done.id, 'succeeded')
    const { id } = await working(on, 'Wait for the disk.')
    // What the kernel does where a disk fails.
    await writeFile(`/sys/fs/ext4/${basename(device.trim())}/trigger_fs_error`, 'test')
    const refused = await vitrine.jobs.create({ task: 'Print nothing.' }).catch((error: unknown) => error)
    expect(refused).toMatchObject({ status: 507, code: 'storage_full' })
    expect((await vitrine.jobs.get(id)).state).toBe('running')
    expect((await Array.fromAsync(vitrine.jobs.list())).length).toBe(2)
    await vitrine.health()
    expect(await on.server.stop()).toBe(0)
  },
)
