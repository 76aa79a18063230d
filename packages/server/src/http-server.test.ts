import { once } from 'node:events'
import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, expect, test, vi } from 'vitest'
import { createHttpServer } from './http-server.ts'
import { startServer, type TestServer } from './testing/start-server.ts'

afterEach(() => vi.useRealTimers())

const kibibyte = 1024
const minute = 60_000

async function liveDesktop(server: TestServer): Promise<string> {
  const { id } = await server.create({ task: 'print done' })
  // The last of what a job does by itself.
  await server.follow(id, ({ type }) => type === 'files.kept')
  return id
}

/** The status of the answer to an upload, which has begun. */
async function upload({ url, token }: TestServer, path: string) {
  const headers = { authorization: `Bearer ${token}`, expect: '100-continue' }
  const sent = request(new URL(`${url}api/v1${path}`), { method: 'PUT', headers })
  sent.flushHeaders()
  const answer = once(sent, 'response') as Promise<[IncomingMessage]>
  const status = answer.then(([response]) => response.statusCode)
  // The server asks for the body when it has taken the headers.
  await once(sent, 'continue')
  return { sent, status }
}

async function write(server: TestServer, sent: ClientRequest, part: Buffer): Promise<void> {
  await new Promise((resolve) => sent.write(part, resolve))
  // What came before has been read when this is answered.
  for (let i = 0; i < 3; i += 1) await server.api('GET', '/jobs')
}

test('a body that moves slowly comes whole, however long it takes', async () => {
  // Node cuts off a whole request, body and all, after this time.
  expect(createHttpServer().requestTimeout).toBe(0)
  await using server = await startServer()
  const id = await liveDesktop(server)
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const { sent, status } = await upload(server, `/jobs/${id}/files/slow`)
  const parts = [1, 2, 3, 4, 5].map((value) => Buffer.alloc(20 * kibibyte, value))
  for (const part of parts) {
    await write(server, sent, part)
    vi.advanceTimersByTime(minute)
  }
  sent.end()
  expect(await status).toBe(204)
  const put = await server.api('GET', `/jobs/${id}/files/slow`)
  expect(Buffer.concat(parts).equals(Buffer.from(await put.arrayBuffer()))).toBe(true)
})

test('a body that stands still, or all but, is cut off', async () => {
  await using server = await startServer()
  const id = await liveDesktop(server)
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const { sent, status } = await upload(server, `/jobs/${id}/files/standing`)
  await write(server, sent, Buffer.alloc(20 * kibibyte))
  vi.advanceTimersByTime(minute)
  await write(server, sent, Buffer.alloc(kibibyte))
  vi.advanceTimersByTime(minute)
  expect(await status).toBe(408)
  expect((await server.api('GET', `/jobs/${id}/files/standing`)).status).toBe(404)
})

test('a body that nobody may send keeps no connection, however it trickles', async () => {
  await using server = await startServer()
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1').on('error', () => {})
  const trickle = setInterval(() => socket.write('x'), 50)
  socket.write('POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n')
  expect(await text(socket)).toMatch(/^HTTP\/1.1 401 /)
  clearInterval(trickle)
})

test('bodies that come over one connection leave nothing behind on it', async () => {
  const server = createHttpServer().listen(0, '127.0.0.1')
  const sockets: Socket[] = []
  server.on('connection', (socket) => sockets.push(socket))
  server.on('request', (sent, response) => sent.pipe(response))
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const listeners: number[] = []
  for (let n = 0; n < 3; n += 1) {
    const post = request({ port, method: 'POST', agent }).end('a body')
    const [answer] = (await once(post, 'response')) as [IncomingMessage]
    expect(await text(answer)).toBe('a body')
    listeners.push(sockets[0]!.listenerCount('close'))
  }
  expect(sockets).toHaveLength(1)
  expect(new Set(listeners).size).toBe(1)
  agent.destroy()
  server.close()
})
