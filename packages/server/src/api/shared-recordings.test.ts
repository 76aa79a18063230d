import { Readable } from 'node:stream'
import { readRecords } from '@vitrine/contract/recording.ts'
import type { Recording } from '@vitrine/contract/routes/recordings.ts'
import type { SharedRecording } from '@vitrine/contract/routes/shares.ts'
import type { MadeShare, Share } from '@vitrine/contract/share.ts'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { z } from 'zod'
import { startServer, type TestServer } from '../testing/start-server.ts'

async function recordingsOf(server: TestServer, id: string): Promise<Recording[]> {
  const answer = await server.api('GET', `/jobs/${id}/recordings`)
  return ((await answer.json()) as { recordings: Recording[] }).recordings
}

async function recorded(server: TestServer): Promise<string> {
  const { id } = await server.create({ task: 'print done' })
  // The last of what a job does by itself: nothing is written any more when the test ends.
  await server.follow(id, ({ type }) => type === 'files.kept')
  await expect
    .poll(async () => (await recordingsOf(server, id)).length, { timeout: 20_000, interval: 20 })
    .toBe(1)
  return id
}

const ask = (server: TestServer, id: string, body: object) => server.api('POST', `/jobs/${id}/shares`, body)

async function share(server: TestServer, id: string, body: object): Promise<z.infer<typeof MadeShare>> {
  const response = await ask(server, id, body)
  expect(response.status).toBe(201)
  return response.json()
}

const list = async (server: TestServer, id: string) =>
  ((await (await server.api('GET', `/jobs/${id}/shares`)).json()) as { shares: Share[] }).shares

const beginning = { run: 1, seconds: 0 }

test('a link to a moment shows that recording and nothing else, also after the desktop is gone', async () => {
  await using server = await startServer()
  const id = await recorded(server)
  const { url, ...listed } = await share(server, id, { moment: beginning })
  expect(listed).toMatchObject({ mode: 'view', moment: beginning, viewers: 0 })
  expect(await list(server, id)).toEqual([listed])
  await server.api('POST', `/jobs/${id}/stop`)
  await server.reach(id, ({ desktop }) => desktop.state === 'closed')

  const page = await fetch(url)
  expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('shared-recording.html')])
  const told = (await (await fetch(`${url}recording`)).json()) as SharedRecording
  expect(Object.keys(told).toSorted()).toEqual(['moment', 'recording'])
  expect(told).toMatchObject({ moment: beginning, recording: { run: 1 } })
  expect(JSON.stringify(told)).not.toContain(id)
  const records = await fetch(`${url}recording/records?from=0`)
  expect(records.headers.get('content-type')).toBe('application/vnd.vitrine.recording')
  const read = await Array.fromAsync(readRecords(Readable.from([Buffer.from(await records.arrayBuffer())])))
  expect(read.map(({ kind }) => kind).slice(0, 2)).toEqual([1, 2])
  expect((await fetch(`${url}recording/records?from=-1`)).status).toBe(400)

  const elsewhere = ['control?viewer=viewer-ann', 'files', 'vnc.html', 'websockify', 'recording/replay.html']
  for (const path of [...elsewhere, `../../api/v1/jobs/${id}`, `../../jobs/${id}`]) {
    expect([401, 404], path).toContain((await fetch(new URL(path, url))).status)
  }
  const take = { method: 'POST', headers: { 'content-type': 'application/json' } }
  expect((await fetch(`${url}control/take`, { ...take, body: '{"viewer":"viewer-ann"}' })).status).toBe(404)
})

test('a link to a moment opens no desktop, and one to a desktop no recording', async () => {
  await using server = await startServer()
  const id = await recorded(server)
  const { url } = await share(server, id, { moment: beginning })
  const webSocket = new WebSocket(`${url.replace(/^http/, 'ws')}websockify`)
  const refused = new Promise<string>((resolve) => webSocket.on('error', (error) => resolve(error.message)))
  expect(await refused).toMatch('401')
  const desktop = await share(server, id, { mode: 'view' })
  expect((await fetch(`${desktop.url}recording`)).status).toBe(404)
  expect((await fetch(`${desktop.url}recording/records`)).status).toBe(404)
})

test('a revoked link, an ended one and one of a deleted job have the answer of a wrong one', async () => {
  await using server = await startServer()
  const [id, deleted] = [await recorded(server), await recorded(server)]
  const revoked = await share(server, id, { moment: beginning })
  expect((await server.api('DELETE', `/jobs/${id}/shares/${revoked.id}`)).status).toBe(204)
  const short = await share(server, id, { moment: beginning, seconds: 1 })
  const gone = await share(server, deleted, { moment: beginning })
  expect((await fetch(`${gone.url}recording`)).status).toBe(200)
  await server.api('DELETE', `/jobs/${deleted}`)
  await expect.poll(async () => (await fetch(gone.url)).status, { timeout: 10_000 }).toBe(404)
  await expect.poll(async () => (await fetch(short.url)).status, { timeout: 10_000 }).toBe(404)

  const wrong = `${server.url}s/${'A'.repeat(32)}/`
  const answers = await Promise.all(
    [revoked.url, short.url, gone.url, wrong].map(async (url) => {
      const all = ['', 'recording', 'recording/records'].map(async (path) => {
        const answer = await fetch(url + path)
        return [answer.status, await answer.text()]
      })
      return JSON.stringify(await Promise.all(all))
    }),
  )
  expect(new Set(answers).size).toBe(1)
  expect(answers[0]).toContain('ended-link.html')
})

test.each([
  ['a run without a recording', { moment: { run: 2, seconds: 0 } }, 'moment.run'],
  ['a moment after its end', { moment: { run: 1, seconds: 1e6 } }, 'moment.seconds'],
  ['a moment before its beginning', { moment: { run: 1, seconds: -1 } }, 'moment.seconds'],
  ['a moment to drive at', { moment: beginning, mode: 'control' }, 'mode'],
  ['something unknown', { moment: { ...beginning, job: 'job-0123456789ab' } }, 'moment.job'],
])('a link to %s is refused, and the field is named', async (_name, body, path) => {
  await using server = await startServer()
  const answer = await ask(server, await recorded(server), body)
  expect(answer.status).toBe(400)
  expect(await answer.json()).toMatchObject({ error: { details: [{ path }] } })
})
