import { Readable } from 'node:stream'
import { readRecords, recordKind } from '@vitrine/contract/recording.ts'
import { createRecordedScreen } from '@vitrine/contract/recorded-screen.ts'
import type { Recording } from '@vitrine/contract/routes/recordings.ts'
import { expect, test } from 'vitest'
import { startServer, type TestServer } from '../testing/start-server.ts'

async function recordingsOf(server: TestServer, id: string): Promise<Recording[]> {
  const answer = await server.api('GET', `/jobs/${id}/recordings`)
  return ((await answer.json()) as { recordings: Recording[] }).recordings
}

async function recorded(server: TestServer): Promise<string> {
  const { id } = await server.create({ task: 'print done' })
  await server.reach(id, 'succeeded')
  const pictured = async () => {
    if ((await recordingsOf(server, id)).length === 0) return false
    const all = await records(await server.api('GET', `/jobs/${id}/recordings/1`))
    return all.some(({ kind }) => kind === recordKind.key)
  }
  await expect.poll(pictured, { timeout: 20_000 }).toBe(true)
  return id
}

const records = async (answer: Response) =>
  Array.fromAsync(readRecords(Readable.from([Buffer.from(await answer.arrayBuffer())])))

test('a job’s desktop is recorded, listed, read from any moment, and kept after it has closed', async () => {
  await using server = await startServer()
  const id = await recorded(server)
  const [listed] = await recordingsOf(server, id)
  expect(listed).toMatchObject({ run: 1, live: true, segments: [{ from: expect.closeTo(0, 0) as number }] })

  await server.api('POST', `/jobs/${id}/stop`)
  await server.reach(id, ({ desktop }) => desktop.state === 'closed')
  await expect.poll(async () => (await recordingsOf(server, id))[0]?.live, { timeout: 20_000 }).toBe(false)
  const whole = await server.api('GET', `/jobs/${id}/recordings/1`)
  expect(whole.headers.get('content-type')).toBe('application/vnd.vitrine.recording')
  const all = await records(whole)
  expect(all.map(({ kind }) => kind)).toEqual([1, 2, 4])
  const later = await records(await server.api('GET', `/jobs/${id}/recordings/1?from=999999`))
  expect(later).toEqual(all.slice(1))
  const screen = createRecordedScreen()
  await screen.apply(later[0]!)
  expect([screen.width, screen.height, ...screen.rgba.subarray(0, 4)]).toEqual([
    320, 200, 0x1f, 0x4e, 0x79, 255,
  ])
})

test('recording goes on in a new segment after the server was stopped and started', async () => {
  await using server = await startServer()
  const id = await recorded(server)
  await server.restart()
  await expect
    .poll(async () => (await recordingsOf(server, id))[0]?.segments.length, { timeout: 20_000 })
    .toBe(2)
})

test('a run that does not exist, a wrong moment, and a deleted job have no recording', async () => {
  await using server = await startServer()
  const id = await recorded(server)
  const status = async (path: string) => (await server.api('GET', `/jobs/${id}/recordings${path}`)).status
  expect(await status('/2')).toBe(404)
  expect(await status('/0')).toBe(404)
  expect(await status('/1?from=-1')).toBe(400)
  await server.api('DELETE', `/jobs/${id}`)
  expect(await status('')).toBe(404)
})

test('nothing is recorded where that is switched off', async () => {
  await using server = await startServer({ environment: { VITRINE_RECORD: 'off' } })
  const { id } = await server.create({ task: 'print done' })
  await server.reach(id, 'succeeded')
  expect(await recordingsOf(server, id)).toEqual([])
})
