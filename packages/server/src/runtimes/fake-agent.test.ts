import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import http from 'node:http'
import http2 from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Duplex } from 'node:stream'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { JobLimits } from '@vitrine/contract/job.ts'
import { linkPaths, linkVersion, NumberedEvent, type Assignment } from '@vitrine/contract/link.ts'
import { taker } from './fake/take.ts'
import { fakeAgent, type FakeAgent, type FakeScript } from './fake-agent.ts'

const assignment: Assignment = {
  job: 'job-0123456789ab',
  run: 1,
  mode: 'work',
  followUp: null,
  task: 'Print done.',
  model: 'tiny',
  language: 'python',
  check: { stdout: 'done', whitespace: 'normalized' },
  egress: [],
  limits: JobLimits.parse({ candidates: 1 }),
  program: null,
  repeat: null,
  image: null,
}

let folder: string
let socketPath: string
const opened: AsyncDisposable[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vitrine-fake-'))
  socketPath = join(folder, 'link.sock')
})
afterEach(async () => {
  for (const one of opened.splice(0)) await one[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

test('reports ready, takes one assignment, and refuses another', async () => {
  const { link } = await linked()
  expect(await link.json('GET', linkPaths.status)).toMatchObject({ desktop: 'ready', assignment: null })
  expect((await link.call('PUT', linkPaths.assignment, assignment)).status).toBe(204)
  expect((await link.call('PUT', linkPaths.assignment, assignment)).status).toBe(204)
  expect((await link.call('PUT', linkPaths.assignment, { ...assignment, run: 2 })).status).toBe(409)
  expect(await link.json('GET', linkPaths.status)).toMatchObject({
    assignment: { job: assignment.job, run: 1 },
  })
})

test('refuses what is not an assignment, and unknown paths', async () => {
  const { link } = await linked()
  expect((await link.call('PUT', linkPaths.assignment, { task: 'no more' })).status).toBe(400)
  expect((await link.call('GET', '/nothing')).status).toBe(404)
})

test('numbers its events from 1 and ends with a passed verdict', async () => {
  const { link } = await linked()
  await link.call('PUT', linkPaths.assignment, assignment)
  const events = await link.eventsUntil('verdict')
  expect(events.map(({ number }) => number)).toEqual(events.map((_, index) => index + 1))
  expect(events.at(-1)?.event.data).toMatchObject({ verdict: { outcome: 'passed' }, reason: null })
})

test('keeps events over a broken link until they are acknowledged', async () => {
  const { server, link, agent } = await linked()
  await link.call('PUT', linkPaths.assignment, assignment)
  const before = await link.eventsUntil('verdict')
  await link.call('POST', linkPaths.acknowledge, { upTo: 3 })

  await server[Symbol.asyncDispose]()
  const again = await listen().next()
  const after = await again.eventsUntil('verdict')
  expect(after).toEqual(before.slice(3))
  await again.call('POST', linkPaths.acknowledge, { upTo: before.length })
  expect(agent.state.events.kept).toEqual([])
})

test('a cancel aborts the script, and the agent stays', async () => {
  const aborted = Promise.withResolvers<void>()
  const script: FakeScript = async ({ signal }) => {
    await once(signal, 'abort')
    aborted.resolve()
  }
  const { link } = await linked(script)
  await link.call('PUT', linkPaths.assignment, assignment)
  expect((await link.call('POST', `${linkPaths.cancel}?run=1`)).status).toBe(204)
  await aborted.promise
  expect(await link.json('GET', linkPaths.status)).toMatchObject({ desktop: 'ready' })
})

test('ends itself when its life is over', async () => {
  const { link, agent } = await linked()
  await link.call('PUT', linkPaths.life, { seconds: 0.02 })
  await agent.ended
})

test('keeps the files that are put, beside those of its script', async () => {
  const { link } = await linked()
  await link.call('PUT', linkPaths.assignment, assignment)
  await link.eventsUntil('verdict')
  await link.call('PUT', `${linkPaths.file}?path=a%2Fb.txt`, 'hello')
  expect(await link.json('GET', linkPaths.files)).toMatchObject({
    files: [{ path: 'a/b.txt', bytes: 7 }, { path: 'program.py' }],
    skipped: [],
  })
  expect((await link.call('GET', `${linkPaths.file}?path=a%2Fb.txt`)).body).toBe('"hello"')
  expect((await link.call('GET', `${linkPaths.file}?path=none`)).status).toBe(404)
})

test('answers nothing while it is frozen', async () => {
  const { link, agent } = await linked()
  agent.freeze()
  const answer = link.json('GET', linkPaths.status)
  await link.ping()
  expect(await Promise.race([answer, Promise.resolve('nothing')])).toBe('nothing')
  agent.thaw()
  expect(await answer).toMatchObject({ desktop: 'ready' })
})

test('serves a desktop of one colour, keeps what viewers send, and draws again after a key', async () => {
  const { link, agent } = await linked()
  const viewer = await link.duplex(linkPaths.desktop)
  const taken = taker(viewer)
  const take = async (length: number) => (await taken(length)) ?? expect.fail('the desktop ended')
  expect((await take(12)).toString()).toBe('RFB 003.008\n')
  viewer.write('RFB 003.008\n')
  expect(await take(2)).toEqual(Buffer.from([1, 1]))
  viewer.write(Buffer.from([1]))
  expect(await take(4)).toEqual(Buffer.alloc(4))
  viewer.write(Buffer.from([1]))
  const init = await take(24)
  await take(init.readUInt32BE(20))
  const [width, height] = [init.readUInt16BE(0), init.readUInt16BE(2)]

  const update = 16 + width * height * 4
  viewer.write(Buffer.from([3, 0, 0, 0, 0, 0, 1, 64, 0, 200]))
  const first = await take(update)
  const pixel = first.subarray(16, 20)
  expect(first.subarray(16).equals(Buffer.alloc(width * height * 4, pixel))).toBe(true)

  viewer.write(Buffer.from([3, 1, 0, 0, 0, 0, 1, 64, 0, 200]))
  const key = Buffer.from([4, 1, 0, 0, 0, 0, 0, 0x61])
  viewer.write(key)
  const second = await take(update)
  expect(second.subarray(16, 20).equals(pixel)).toBe(false)
  expect(agent.state.desktop.inputs).toEqual([key])
})

/** An agent, a server that it dials, and the first link between them. */
async function linked(script?: FakeScript) {
  const server = listen()
  const agent: FakeAgent = fakeAgent({ socketPath, script })
  opened.push(agent)
  return { server, agent, link: await server.next() }
}

/** The server's end of the link, as the contract describes it. */
function listen() {
  const sessions: http2.ClientHttp2Session[] = []
  const first = Promise.withResolvers<ReturnType<typeof client>>()
  const server = http.createServer()
  server.on('upgrade', (request, socket: Duplex) => {
    expect(request.headers).toMatchObject({
      upgrade: 'vitrine-link',
      'vitrine-link-version': String(linkVersion),
    })
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: vitrine-link\r\n\r\n')
    const session = http2.connect('http://agent', { createConnection: () => socket })
    sessions.push(session)
    first.resolve(client(session))
  })
  server.listen(socketPath)
  const listening = {
    next: () => first.promise,
    [Symbol.asyncDispose]: async () => {
      for (const session of sessions) session.destroy()
      if (server.listening) await new Promise((resolve) => server.close(resolve))
    },
  }
  opened.push(listening)
  return listening
}

function client(session: http2.ClientHttp2Session) {
  const call = async (method: string, path: string, body?: unknown) => {
    const stream = session.request({ ':method': method, ':path': path })
    stream.end(body === undefined ? undefined : JSON.stringify(body))
    const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
    return { status: Number(headers[':status']), body: await text(stream) }
  }
  return {
    call,
    json: async (method: string, path: string): Promise<unknown> =>
      JSON.parse((await call(method, path)).body),
    ping: () => new Promise((resolve) => session.ping(resolve)),
    duplex: async (path: string) => {
      const stream = session.request({ ':method': 'POST', ':path': path }, { endStream: false })
      await once(stream, 'response')
      return stream
    },
    eventsUntil: async (type: string) => {
      const stream = session.request({ ':path': `${linkPaths.events}?after=0` })
      let received = ''
      stream.setEncoding('utf8').on('data', (chunk: string) => (received += chunk))
      const events = () =>
        received
          .split('\n')
          .slice(0, -1)
          .map((line) => NumberedEvent.parse(JSON.parse(line)))
      await vi.waitUntil(() => events().some(({ event }) => event.type === type), { interval: 5 })
      stream.close()
      return events()
    },
  }
}
