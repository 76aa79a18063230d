import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import type { JobEvent } from '@vitrine/contract/event.ts'
import type { Verdict } from '@vitrine/contract/job.ts'
import { expect, onTestFinished, test } from 'vitest'
import { fakeRuntime } from './runtimes/fake.ts'
import type { FakeScript } from './runtimes/fake-agent.ts'
import { outside, outsideTcp } from './testing/open-egress.ts'
import { startServer } from './testing/start-server.ts'

const verdict: Verdict = { outcome: 'ran', program: null, candidate: 1, candidates: 1, checks: [] }
const loopback = { VITRINE_EGRESS_PRIVATE: '127.0.0.0/8,::1/128' }

async function serverWith(script: FakeScript, environment: Record<string, string> = loopback) {
  const server = await startServer({ runtime: fakeRuntime({ script }), environment })
  onTestFinished(() => server[Symbol.asyncDispose]())
  return server
}

function outsideStack(): AsyncDisposableStack {
  const stack = new AsyncDisposableStack()
  onTestFinished(() => stack.disposeAsync())
  return stack
}

async function get(socketPath: string, url: string): Promise<{ status: number; body: string }> {
  const call = request({ socketPath, path: url, agent: false })
  call.end()
  const [answer] = (await once(call, 'response')) as [IncomingMessage]
  return { status: answer.statusCode ?? 0, body: await text(answer) }
}

async function connectTo(socketPath: string, target: string): Promise<{ status: number; socket: Socket }> {
  const call = request({ socketPath, method: 'CONNECT', path: target })
  call.end()
  const [answer, socket] = (await once(call, 'connect')) as [IncomingMessage, Socket]
  return { status: answer.statusCode ?? 0, socket }
}

const hasEnded = ({ type, data }: JobEvent) => type === 'egress.attempt' && !('open' in data && data.open)
const ledgerOf = (events: JobEvent[]) =>
  events.flatMap((event) => (event.type === 'egress.attempt' && !event.data.open ? [event.data] : []))

test('a sandbox reaches what its job asked for; the rest is refused; both are in its events and logs', async () => {
  const port = await outside((_, response) => response.end('hello'), outsideStack())
  const answers: { status: number; body: string }[] = []
  const server = await serverWith(async ({ socketPath, assignment, tell }) => {
    if (assignment.task === 'reach') expect(assignment.egress).toEqual([`localhost:${port}`])
    answers.push(await get(socketPath, `http://localhost:${port}/`))
    answers.push(await get(socketPath, 'http://evil.example/'))
    tell({ type: 'verdict', data: { verdict, reason: null } })
  })
  const { id, egress } = await server.create({ task: 'reach', egress: [`LocalHost:${port}`] })
  expect(egress).toEqual([`localhost:${port}`])
  await server.reach(id, 'succeeded')
  expect(answers.map(({ status }) => status)).toEqual([200, 403])
  const events = await server.follow(
    id,
    ({ type, data }) => type === 'egress.attempt' && !('allowed' in data && data.allowed),
  )
  expect(ledgerOf(events)).toMatchObject([
    { method: 'GET', host: 'localhost', port, allowed: true, why: null, bytesReceived: 5 },
    {
      method: 'GET',
      host: 'evil.example',
      port: 80,
      allowed: false,
      why: 'the job did not ask for this host',
    },
  ])
  const logs = await (await server.api('GET', `/jobs/${id}/logs`)).text()
  expect(logs).toContain(`reached GET localhost:${port}: 0 bytes out, 5 in, `)
  expect(logs).toContain('refused GET evil.example:80: the job did not ask for this host')

  const closed = await server.create({ task: 'reach nothing' })
  expect(closed.egress).toEqual([])
  await server.reach(closed.id, 'succeeded')
  expect(answers.slice(2).map(({ status }) => status)).toEqual([403, 403])
})

test('a tunnel is broken off within a second when the job is canceled', async () => {
  const port = await outsideTcp((socket) => socket.pipe(socket), outsideStack())
  const ended = Promise.withResolvers<number>()
  const begun = Promise.withResolvers<void>()
  const server = await serverWith(async ({ socketPath, signal }) => {
    const { socket } = await connectTo(socketPath, `localhost:${port}`)
    begun.resolve()
    await once(socket.on('error', () => {}).resume(), 'close')
    ended.resolve(performance.now())
    if (!signal.aborted) await once(signal, 'abort')
  })
  const { id } = await server.create({ task: 'hold', egress: [`localhost:${port}`] })
  await begun.promise
  await server.api('POST', `/jobs/${id}/cancel`)
  await ended.promise
  const events = await server.follow(id, hasEnded)
  expect(ledgerOf(events)).toMatchObject([{ method: 'CONNECT', allowed: true, why: 'the job has ended' }])
})

test('a server that stops writes down what was under way', async () => {
  const port = await outsideTcp((socket) => socket.pipe(socket), outsideStack())
  const begun = Promise.withResolvers<void>()
  const server = await serverWith(async ({ socketPath, signal }) => {
    await connectTo(socketPath, `localhost:${port}`)
    begun.resolve()
    await once(signal, 'abort')
  })
  const { id } = await server.create({ task: 'hold', egress: [`localhost:${port}`] })
  await begun.promise
  await server.restart()
  const events = await server.follow(id, hasEnded)
  expect(ledgerOf(events)).toMatchObject([{ allowed: true, why: 'the server stops' }])
})

test.each([
  [{ egress: ['docs.example.org/path'] }, 'egress.0'],
  [{ egress: ['docs.example.org', '127.0.0.1'] }, 'egress.1'],
  [{ egress: 'docs.example.org' }, 'egress'],
  [{ egress: Array.from({ length: 33 }, (_, n) => `h${n}.example`) }, 'egress'],
])('hosts such as %j are refused by the name of the field', async (body, path) => {
  const server = await serverWith(async () => {})
  const response = await server.api('POST', '/jobs', { task: 'reach', ...body })
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({ error: { code: 'bad_request', details: [{ path }] } })
})

test.each([
  ['off', ['docs.example.org'], 'none'],
  ['*.example.org', ['docs.example.net'], 'only *.example.org'],
])('with VITRINE_EGRESS=%s, a job that asks for %j is refused', async (permitted, egress, may) => {
  const server = await serverWith(async () => {}, { VITRINE_EGRESS: permitted })
  const response = await server.api('POST', '/jobs', { task: 'reach', egress })
  expect(response.status).toBe(400)
  const message = `this server lets jobs reach ${may} (VITRINE_EGRESS)`
  expect(await response.json()).toMatchObject({ error: { details: [{ path: 'egress.0', message }] } })
  expect((await server.api('POST', '/jobs', { task: 'reach', egress: [] })).status).toBe(202)
})

test.each([
  { VITRINE_EGRESS: 'everything/' },
  { VITRINE_EGRESS: '*' },
  { VITRINE_EGRESS_PRIVATE: '10.0.0.0' },
  { VITRINE_EGRESS_PRIVATE: 'yes' },
])('a server does not start with %j', async (environment) => {
  await expect(startServer({ environment })).rejects.toThrow(Object.keys(environment)[0])
})
