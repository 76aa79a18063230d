import { once } from 'node:events'
import { Control } from '@vitrine/contract/control.ts'
import type { JobEvent } from '@vitrine/contract/event.ts'
import type { MadeShare } from '@vitrine/contract/share.ts'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { z } from 'zod'
import { startServer, type TestServer } from '../testing/start-server.ts'

const [ann, bob] = ['viewer-ann', 'viewer-bob']

async function liveDesktop(server: TestServer): Promise<string> {
  const { id } = await server.create({ task: 'print done' })
  // The last of what a job does by itself: nothing is written any more when the test ends.
  await server.follow(id, ({ type }) => type === 'files.kept')
  return id
}

const control = async (server: TestServer, id: string, call: string, body: object) => {
  const response = await server.api('POST', `/jobs/${id}/${call}`, body)
  const text = await response.text()
  return { status: response.status, body: text === '' ? null : JSON.parse(text) }
}

const share = async (server: TestServer, id: string, body: object): Promise<z.infer<typeof MadeShare>> => {
  const response = await server.api('POST', `/jobs/${id}/shares`, body)
  expect(response.status).toBe(201)
  return response.json()
}

/** A viewer's WebSocket; its close as soon as it comes. */
async function watch(url: string, headers: Record<string, string> = {}) {
  const webSocket = new WebSocket(url.replace(/^http/, 'ws'), 'binary', { headers })
  const closed = new Promise<[number, string]>((resolve) =>
    webSocket.once('close', (code, reason) => resolve([code, reason.toString()])),
  )
  await Promise.race([once(webSocket, 'message'), closed])
  return { webSocket, closed, leave: () => webSocket.terminate() }
}

test('programs take, ask for, give and give back control, and each change is an event', async () => {
  await using server = await startServer()
  const id = await liveDesktop(server)
  const headers = { authorization: `Bearer ${server.token}` }
  const viewer = await watch(`${server.url}jobs/${id}/websockify?viewer=${bob}`, headers)
  expect((await control(server, id, 'control/take', { viewer: ann })).body).toMatchObject({
    holder: ann,
    you: ann,
  })
  expect((await control(server, id, 'control/request', { viewer: bob })).body).toMatchObject({
    holder: ann,
    requests: [bob],
    viewers: [{ id: bob, viewOnly: false, mayDrive: true }],
  })
  expect((await control(server, id, 'control/give', { viewer: bob, to: ann })).status).toBe(409)
  expect((await control(server, id, 'control/give', { viewer: ann, to: bob })).body).toMatchObject({
    holder: bob,
  })
  expect((await control(server, id, 'control/release', { viewer: bob })).body).toMatchObject({ holder: null })
  const read = await (await server.api('GET', `/jobs/${id}/control?viewer=${bob}`)).json()
  expect(Control.parse(read)).toMatchObject({ holder: null, you: bob, requests: [] })
  expect(Control.parse(await (await server.api('GET', `/jobs/${id}/control`)).json()).you).toBeNull()
  viewer.leave()

  const told: JobEvent[] = await server.follow(
    id,
    ({ type, data }) => type === 'control.changed' && data.how === 'released',
  )
  const changes = told.flatMap((event) => (event.type === 'control.changed' ? [event.data] : []))
  expect(changes).toEqual([
    { holder: ann, how: 'taken' },
    { holder: bob, how: 'given' },
    { holder: null, how: 'released' },
  ])
})

test('a program types where nobody else drives, and is refused where somebody does', async () => {
  await using server = await startServer()
  const id = await liveDesktop(server)
  const actions = [{ text: 'hi\n' }, { keys: ['Control', 'c'] }, { mouse: { x: 1, y: 1 } }]
  expect(await control(server, id, 'input', { viewer: ann, actions })).toEqual({ status: 204, body: null })
  const refused = await control(server, id, 'input', { viewer: bob, actions })
  expect([refused.status, refused.body.error.code]).toEqual([409, 'conflict'])
  const wrong = await control(server, id, 'input', { viewer: ann, actions: [{ keys: ['Ctrl'] }] })
  expect([wrong.status, wrong.body.error.details[0].path]).toEqual([400, 'actions.0.keys'])
  expect((await control(server, id, 'input', { viewer: 'x', actions })).status).toBe(400)
  await server.api('POST', `/jobs/${id}/stop`)
  await server.reach(id, ({ desktop }) => desktop.state === 'closed')
  expect((await control(server, id, 'input', { viewer: ann, actions })).status).toBe(409)
  expect((await control(server, id, 'control/take', { viewer: ann })).status).toBe(409)
})

test('a share link opens one desktop, and nothing else', async () => {
  await using server = await startServer()
  const [id, other] = [await liveDesktop(server), await liveDesktop(server)]
  const { url, ...listed } = await share(server, id, { mode: 'view' })
  const page = await fetch(url)
  expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('vnc.html')])
  expect(page.headers.get('referrer-policy')).toBe('no-referrer')
  const guest = await watch(`${url}websockify?viewer=${ann}`)
  const told = await fetch(`${url}control?viewer=${ann}`)
  expect(Control.parse(await told.json())).toMatchObject({ you: `${listed.id}.${ann}`, mayDrive: false })
  const take = (body: object) =>
    fetch(`${url}control/take`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  expect((await take({ viewer: ann })).status).toBe(409)
  expect((await take({ viewer: ann, job: other })).status).toBe(400)
  const list = await (await server.api('GET', `/jobs/${id}/shares`)).json()
  expect(list).toEqual({ shares: [{ ...listed, viewers: 1 }] })
  expect(JSON.stringify(list)).not.toContain(new URL(url).pathname.split('/')[2])

  for (const path of ['api/v1/jobs', `jobs/${other}/websockify`, 'files', `../../jobs/${id}`, 'vnc.html']) {
    expect([401, 404], path).toContain((await fetch(new URL(path, url))).status)
  }
  const elsewhere = await watch(`${server.url}jobs/${id}/websockify`)
  expect((await elsewhere.closed)[0]).toBe(1006)
  guest.leave()
})

test('wrong, ended and revoked links have one answer, and revoking closes who watches at once', async () => {
  await using server = await startServer()
  const [id, other] = [await liveDesktop(server), await liveDesktop(server)]
  const { url, id: link } = await share(server, id, { mode: 'control', seconds: 60 })
  const guest = await watch(`${url}websockify`)
  expect((await server.api('DELETE', `/jobs/${other}/shares/${link}`)).status).toBe(404)
  expect((await server.api('DELETE', `/jobs/${id}/shares/${link}`)).status).toBe(204)
  expect(await guest.closed).toEqual([1008, 'the share link was revoked'])
  expect((await server.api('DELETE', `/jobs/${id}/shares/${link}`)).status).toBe(404)

  const short = await share(server, id, { seconds: 1 })
  const brief = await watch(`${short.url}websockify`)
  expect(await brief.closed).toEqual([1008, 'the share link has ended'])
  const answers = await Promise.all(
    [url, short.url, `${server.url}s/${'A'.repeat(32)}/`].map(async (address) => {
      const page = await fetch(address)
      const told = await fetch(`${address}control?viewer=${ann}`)
      const [socket] = await (await watch(`${address}websockify`)).closed
      return [page.status, await page.text(), told.status, await told.text(), socket]
    }),
  )
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
  expect(answers[0]).toMatchObject([
    404,
    expect.stringContaining('ended-link.html'),
    404,
    expect.anything(),
    1006,
  ])
})

test('share links outlive a restart of the server, and no other site uses them', async () => {
  await using server = await startServer()
  const id = await liveDesktop(server)
  const { url } = await share(server, id, {})
  await server.restart()
  await server.reach(id, ({ desktop }) => desktop.state === 'live')
  expect((await fetch(url)).status).toBe(200)
  const foreign = await watch(`${url}websockify`, { origin: 'http://evil.example' })
  expect((await foreign.closed)[0]).toBe(1006)
  expect((await fetch(`${url}control/take`, { method: 'POST', headers: { origin: 'null' } })).status).toBe(
    403,
  )
})
