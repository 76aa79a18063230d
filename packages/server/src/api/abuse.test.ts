import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fakeRuntime } from '../runtimes/fake.ts'
import { startServer, type TestServer } from '../testing/start-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer({ environment: { VITRINE_POOL: '0' } })
})
afterAll(() => server[Symbol.asyncDispose]())

function dial(): Socket {
  return connect(Number(new URL(server.url).port), '127.0.0.1').on('error', () => {})
}
/** Sends these bytes; the status of the answer, or null where the connection was closed without one. */
async function status(...bytes: (string | Buffer)[]): Promise<number | null> {
  const socket = dial()
  for (const part of bytes) socket.write(part)
  const answer = await text(socket).catch(() => '')
  const found = /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]
  return found === undefined ? null : Number(found)
}
const post = (headers: string) =>
  `POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer ${server.token}\r\nContent-Type: application/json\r\n${headers}\r\n\r\n`
const lives = async () => expect((await server.api('GET', '/jobs')).status).toBe(200)

describe('a request that', () => {
  test('has a header of 1 MB, or a thousand headers, is refused', async () => {
    const many = Array.from({ length: 3000 }, (_, n) => `X-${n}: x`).join('\r\n')
    const long = `GET /${'x'.repeat(100_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`
    for (const request of [post(`X: ${'x'.repeat(1024 * 1024)}`), post(many), long]) {
      // The answer is lost where the connection is closed on bytes that are still being sent.
      expect([431, null]).toContain(await status(request))
    }
    await lives()
  })

  test('says its length in two ways is refused, and what follows is not taken for another request', async () => {
    const hidden = 'GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n'
    for (const headers of [
      'Content-Length: 5\r\nTransfer-Encoding: chunked',
      'Transfer-Encoding: chunked\r\nContent-Length: 5',
      'Content-Length: 5\r\nContent-Length: 6',
      'Content-Length: -1',
      'Content-Length: 1e3',
      'Transfer-Encoding: chunked, identity',
      'Transfer-Encoding : chunked',
    ]) {
      const socket = dial()
      socket.write(post(headers) + `0\r\n\r\n${hidden}`)
      const answer = await text(socket).catch(() => '')
      expect(answer.match(/HTTP\/1\.1 \d+/g) ?? [], headers).toEqual(['HTTP/1.1 400'])
    }
    await lives()
  })

  test('has a body over its limit, in one piece or many, is refused before all of it has come', async () => {
    const mebibyte = Buffer.alloc(1024 * 1024, ' ')
    expect(await status(post('Content-Length: 2097152'), mebibyte, mebibyte)).toBe(413)
    const chunk = Buffer.concat([Buffer.from('100000\r\n'), mebibyte, Buffer.from('\r\n')])
    expect(await status(post('Transfer-Encoding: chunked'), chunk, chunk, chunk)).toBe(413)
    await lives()
  })

  test('has a body that is no JSON, no UTF-8 or nested without end is refused', async () => {
    const bodies = [
      '',
      '{"task":',
      'null',
      '[]',
      '"task"',
      '{"task":"a"} {"task":"b"}',
      '['.repeat(500_000),
      `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
      `{"task":"a","labels":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`,
      `{"task":"a","limits":{"seconds":1e999}}`,
      `{"task":${'9'.repeat(100_000)}}`,
    ].map((body) => Buffer.from(body))
    for (const body of [...bodies, Buffer.from([0x7b, 0xff, 0xfe, 0x7d])]) {
      expect(await status(post(`Content-Length: ${body.length}`), body), body.toString().slice(0, 40)).toBe(
        400,
      )
    }
    await lives()
  })

  test('has a path that is none of ours gets an answer of one shape', async () => {
    const headers = { authorization: `Bearer ${server.token}` }
    for (const path of [
      'jobs/%00',
      'jobs/%2e%2e%2f%2e%2e%2fetc%2fpasswd',
      'jobs/..%5c..%5cx',
      'jobs/%ff%fe',
      'jobs/job-000000000000%0d%0aX-Injected:%20x',
      "jobs/' or 1=1 --",
      'jobs//files',
      '%',
    ]) {
      const response = await fetch(`${server.url}api/v1/${path}`, { headers })
      expect(response.status, path).toBe(404)
      expect(response.headers.has('x-injected'), path).toBe(false)
      expect((await response.json()).error.code, path).toBe('not_found')
    }
  })

  test('trickles in is cut off, and hundreds of such do not keep others out', async () => {
    const slow = Array.from({ length: 300 }, () => {
      const socket = dial()
      socket.write('GET /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nX-Slow: ')
      const trickle = setInterval(() => socket.write('x'), 500)
      socket.once('close', () => clearInterval(trickle))
      return once(socket.resume(), 'close')
    })
    await lives()
    await Promise.all(slow)
    await lives()
  }, 90_000)
})

test('what a terminal would obey is shown and not obeyed in logs, and breaks no event’s frame', async () => {
  const tricks = [
    '\u001b[2J\u001b]8;;http://evil.example\u0007link\u001b]8;;\u0007',
    '\u001b]52;c;ZXZpbA==\u0007',
    'gone\rforged',
    '\u009b31m\u202eesrever\u202c \u2066x\u2069',
    'a\n\ndata: {"type":"forged"}\nid: 99\n\n',
    '\u2028\u2029\u0085',
  ].join(' ')
  await using runtime = fakeRuntime({
    script: async ({ tell }) => {
      tell({ type: 'candidate.text', data: { candidate: 1, text: tricks } })
      tell({ type: 'log', data: { level: 'info', message: tricks } })
      const verdict = { outcome: 'ran', program: null, candidate: 1, candidates: 1, checks: [] } as const
      tell({ type: 'verdict', data: { verdict: { ...verdict, checks: [] }, reason: null } })
    },
  })
  await using server = await startServer({ runtime })
  const { id } = await server.create({ task: tricks })
  await server.follow(id, ({ type }) => type === 'files.kept')
  const logs = await (await server.api('GET', `/jobs/${id}/logs`)).text()
  expect(logs).toContain('\\u001b[2J')
  // Tabs and line ends are all that is left of controls, and no mark that turns the direction of text.
  expect(logs).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/)

  const accept = { accept: 'text/event-stream' }
  const stream = await (await server.api('GET', `/jobs/${id}/events?follow=false`, undefined, accept)).text()
  const frames = stream.split('\n\n').filter((frame) => frame !== '' && !frame.startsWith(':'))
  const events = frames.map((frame) => {
    const [, number, data] = /^id: (\d+)\ndata: ([^\n]*)$/.exec(frame) ?? []
    return { number: Number(number), event: JSON.parse(data ?? 'null') }
  })
  expect(events.map(({ number }) => number)).toEqual(events.map((_, index) => index + 1))
  expect(events.map(({ event }) => event.seq)).toEqual(events.map(({ number }) => number))
  const told = events.filter(({ event }) => event.type === 'log').map(({ event }) => event.data.message)
  expect(told).toEqual([tricks])
})
