import { appendFile, mkdtemp, readdir, rm, stat, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRecordedScreen } from '@vitrine/contract/recorded-screen.ts'
import { readRecords, recordKind } from '@vitrine/contract/recording.ts'
import { afterEach, expect, test } from 'vitest'
import { handshake, scriptedDesktop, update, type Rectangle } from '../desktops/fake-desktop.ts'
import { createPace } from './pace.ts'
import { Recordings } from './recordings.ts'

const job = 'job-000000000001'
const other = 'job-000000000002'
const opened: { [Symbol.asyncDispose](): Promise<void> }[] = []
afterEach(async () => {
  for (const one of opened.splice(0).toReversed()) await one[Symbol.asyncDispose]()
})

const roomy = { job: 2 ** 20, all: 2 ** 21 }

async function folder(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'vitrine-test-'))
  opened.push({ [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }) })
  return root
}

function recordings(root: string, limits = roomy, isOn = true) {
  const told: string[] = []
  const made = new Recordings({ root, limits, isOn, tell: (of, message) => told.push(`${of}: ${message}`) })
  opened.push(made)
  return Object.assign(made, { told })
}

const grey = (level: number) => Buffer.from([level, level, level, 0])
const pixel = (x: number, level: number): Rectangle => ({ x, y: 0, width: 1, height: 1, data: grey(level) })
const whole = (level: number): Rectangle => ({
  x: 0,
  y: 0,
  width: 2,
  height: 1,
  data: Buffer.concat([grey(level), grey(level)]),
})

/** A desktop of two pixels that shows these updates, and then nothing more. */
const desktop = (...updates: Rectangle[][]) =>
  scriptedDesktop([handshake({ width: 2, height: 1 }), ...updates.map(update)], { end: false })

/** Records `shown` until the recording has so many records of pictures. */
async function recordUntil(all: Recordings, shown: ReturnType<typeof desktop>, pictures: number, run = 1) {
  const enough = new AbortController()
  const ended = all.record(job, run, async () => shown.stream, enough.signal)
  await expect
    .poll(async () => (await records(all, run)).filter(isPicture).length, { timeout: 25_000, interval: 10 })
    .toBe(pictures)
  enough.abort()
  await ended
}

const isPicture = ({ kind }: { kind: number }) => kind === recordKind.key || kind === recordKind.change

async function records(all: Recordings, run = 1, from = 0, of = job) {
  const stream = await all.read(of, run, from)
  return stream ? Array.fromAsync(readRecords(stream)) : []
}

async function lastPicture(all: Recordings, from = 0): Promise<number[]> {
  const screen = createRecordedScreen()
  for (const record of await records(all, 1, from)) await screen.apply(record)
  return [...screen.rgba]
}

test('a desktop is recorded as a key picture and what changed, which play to what it showed', async () => {
  const all = recordings(await folder())
  const shown = desktop([whole(1)], [pixel(1, 2)], [pixel(0, 3)])
  await recordUntil(all, shown, 3)
  const found = await records(all)
  expect(found.map(({ kind }) => kind)).toEqual([1, 2, 3, 3, 4])
  const times = found.map(({ time }) => time)
  expect(times).toEqual(times.toSorted((a, b) => a - b))
  expect(await lastPicture(all)).toEqual([3, 3, 3, 255, 2, 2, 2, 255])
  expect(shown.stream.destroyed).toBe(true)
})

test('only changes are asked for, the next ones a fifth of a second after the last', async () => {
  const all = recordings(await folder())
  const shown = desktop([whole(1)], [pixel(1, 2)])
  const began = performance.now()
  await recordUntil(all, shown, 2)
  expect(performance.now() - began).toBeGreaterThan(199)
  const requests = shown
    .received()
    .toString('hex')
    .match(/030[01]00000000(00020001)/g)
  expect(requests?.map((one) => one.slice(0, 4)).slice(0, 2)).toEqual(['0300', '0301'])
})

test('recording goes on in a new segment after a stop, on the same axis of time', async () => {
  const root = await folder()
  await recordUntil(recordings(root), desktop([whole(1)]), 1)
  const all = recordings(root)
  await recordUntil(all, desktop([whole(5)]), 2)
  const [listed] = await all.list(job)
  expect(listed).toMatchObject({ run: 1, isLive: false })
  expect(listed!.scan.segments).toHaveLength(2)
  const [first, second] = listed!.scan.segments
  expect(second!.from).toBe(second!.at - first!.at)
  expect(await lastPicture(all, second!.from)).toEqual([5, 5, 5, 255, 5, 5, 5, 255])
})

test('what a crash cut off plays up to its end, and recording goes on behind that', async () => {
  const root = await folder()
  await recordUntil(recordings(root), desktop([whole(1)], [pixel(1, 2)]), 2)
  const path = join(root, job, '1')
  const { size } = await stat(path)
  await truncate(path, size - 20) // within the last change: `end` takes 16
  await appendFile(path, Buffer.alloc(3))
  const all = recordings(root)
  expect(await lastPicture(all)).toEqual([1, 1, 1, 255, 1, 1, 1, 255])
  await recordUntil(all, desktop([whole(7)]), 2)
  expect((await records(all)).map(({ kind }) => kind)).toEqual([1, 2, 1, 2, 4])
})

test('a desktop that breaks off is opened again, and one that speaks nonsense leaves nothing', async () => {
  const all = recordings(await folder())
  const desktops = [
    scriptedDesktop([Buffer.from('HTTP/1.1 400 ')]),
    scriptedDesktop([handshake({ width: 2, height: 1 }), update([whole(1)])]),
  ]
  const enough = new AbortController()
  const ended = all.record(job, 1, async () => desktops.shift()!.stream, enough.signal)
  await expect.poll(async () => (await records(all)).length, { timeout: 25_000 }).toBe(3)
  enough.abort()
  await ended
  expect((await records(all)).map(({ kind }) => kind)).toEqual([1, 2, 4])
})

test('the oldest recordings go first where all take too much, and their jobs are told', async () => {
  const root = await folder()
  await recordUntil(recordings(root), desktop([whole(1)]), 1)
  const { size } = await stat(join(root, job, '1'))
  const all = recordings(root, { job: size * 10, all: size + 20 })
  await recordUntil(all, desktop([whole(2)]), 1, 2)
  expect((await all.list(job)).map(({ run }) => run)).toEqual([2])
  expect(all.told).toEqual([`${job}: The recording of run 1 was dropped: recordings in all may take 0 MiB.`])
})

test('a recording that has reached the limit of its job ends, and the job is told why', async () => {
  const all = recordings(await folder(), { job: 40, all: 2 ** 20 })
  await all.record(
    job,
    1,
    async () => desktop([whole(1)], [pixel(1, 2)]).stream,
    new AbortController().signal,
  )
  expect(all.told).toEqual([
    `${job}: The desktop is no longer recorded: recordings of one job may take 0 MiB.`,
  ])
})

test('removing a job ends its recording and leaves nothing; others stay', async () => {
  const root = await folder()
  const all = recordings(root)
  const never = new AbortController().signal
  const recording = all.record(job, 1, async () => desktop([whole(1)]).stream, never)
  void all.record(other, 1, async () => desktop([whole(1)]).stream, never)
  await expect
    .poll(async () => (await records(all)).length + (await records(all, 1, 0, other)).length)
    .toBe(4)
  await all.remove(job)
  await recording
  expect(await readdir(root)).toEqual([other])
  expect(await all.list(job)).toEqual([])
  expect(await all.list(other)).toHaveLength(1)
})

test('nothing is recorded where it is off', async () => {
  const all = recordings(await folder(), roomy, false)
  await all.record(job, 1, () => Promise.reject(new Error('opened')), new AbortController().signal)
  expect(await all.list(job)).toEqual([])
})

test('a desktop that changes all the time is asked less often', () => {
  let now = 0
  const pace = createPace(() => now)
  pace.spend(10_000, 4_000_000)
  expect(pace.rest()).toBe(200)
  for (let n = 0; n < 8; n++) pace.spend(10_000, 4_000_000)
  expect(pace.rest()).toBe(3000)
  pace.spend(1_000_000, 0)
  expect(pace.rest()).toBeCloseTo(3000, -1)
  pace.spend(2_000_000, 0)
  expect(pace.rest()).toBe(60_000)
  now = 120_000
  expect(pace.rest()).toBe(200)
})
