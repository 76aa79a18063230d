import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { openEgress, outside, outsideTcp, readAll, type OpenEgress } from '../testing/open-egress.ts'

type Options = Omit<Parameters<typeof openEgress>[0], 'hosts'> & { hosts?: readonly string[] }

/** One host, `allowed.example`, that answers on a port of its own, and a sandbox that may reach it. */
async function withHost(
  answer: Parameters<typeof outside>[0],
  options: Options = {},
): Promise<OpenEgress & { host: string; url: string }> {
  const stack = new AsyncDisposableStack()
  onTestFinished(() => stack.disposeAsync())
  const host = `allowed.example:${await outside(answer, stack)}`
  return opened(host, options)
}

async function withTcpHost(answer: (socket: Socket) => void, options: Options = {}) {
  const stack = new AsyncDisposableStack()
  onTestFinished(() => stack.disposeAsync())
  return opened(`allowed.example:${await outsideTcp(answer, stack)}`, options)
}

async function opened(host: string, options: Options) {
  const egress = await openEgress({
    hosts: [host],
    names: { 'allowed.example': '127.0.0.1' },
    ...options,
    // However slow the machine is, nothing is told before it ends, unless a test wants it.
    limits: { tellMs: Infinity, ...options.limits },
  })
  onTestFinished(() => egress[Symbol.asyncDispose]())
  return { ...egress, host, url: `http://${host}` }
}

const get = (url: string, headers = '') =>
  `GET ${url} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n${headers}\r\n`
const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])
const bodyOf = (answer: string) => answer.slice(answer.indexOf('\r\n\r\n') + 4)

test('a plain request reaches a host that the job asked for, and the ledger says so', async () => {
  let seen: IncomingMessage | undefined
  const egress = await withHost((request, response) => {
    seen = request
    response.setHeader('x-kept', 'yes').end('hello')
  })
  const answer = await egress.raw(
    get(`${egress.url}/path?q=1`, 'X-Mine: 1\r\nProxy-Authorization: secret\r\n'),
  )
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  expect(answer).toContain('x-kept: yes')
  expect(bodyOf(answer)).toContain('hello')
  expect(seen).toMatchObject({ method: 'GET', url: '/path?q=1' })
  expect(seen!.headers).toMatchObject({ 'x-mine': '1', via: '1.1 vitrine' })
  expect(seen!.headers).not.toHaveProperty('proxy-authorization')
  const { lines } = await egress.ledger()
  expect(lines).toEqual([
    {
      method: 'GET',
      host: 'allowed.example',
      port: Number(egress.host.split(':')[1]),
      allowed: true,
      why: null,
      address: '127.0.0.1',
      bytesSent: 0,
      bytesReceived: 5,
      seconds: expect.any(Number),
      count: 1,
      open: false,
    },
  ])
})

test('a body travels whole, with a length and in chunks', async () => {
  const egress = await withHost(
    (request, response) => void text(request).then((body) => response.end(`<${body}>`)),
  )
  const post = `POST ${egress.url}/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n`
  expect(await egress.raw(`${post}Content-Length: 4\r\n\r\nfour`)).toContain('<four>')
  expect(
    await egress.raw(`${post}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n`),
  ).toContain('<abcde>')
  const chunkedGet = get(`${egress.url}/`, 'Transfer-Encoding: chunked\r\n')
  expect(await egress.raw(`${chunkedGet}15\r\nGET /smuggled HTTP/1.\r\n0\r\n\r\n`)).toContain(
    '<GET /smuggled HTTP/1.>',
  )
})

test('a tunnel passes bytes both ways until both sides have ended', async () => {
  const egress = await withTcpHost((socket) => socket.pipe(socket))
  const { head, socket } = await egress.tunnel(egress.host)
  expect(head).toMatch(/^HTTP\/1\.1 200 /)
  socket.end('there and back')
  expect(await readAll(socket)).toBe('there and back')
  const { lines } = await egress.ledger()
  expect(lines).toMatchObject([
    { method: 'CONNECT', allowed: true, why: null, bytesSent: 14, bytesReceived: 14, open: false },
  ])
})

test('upper case is the same host', async () => {
  const egress = await withHost((_, response) => response.end('hello'))
  expect(bodyOf(await egress.raw(get(egress.url.replace('allowed', 'ALLoWED'))))).toContain('hello')
  expect((await egress.ledger()).lines).toMatchObject([{ host: 'allowed.example', allowed: true }])
})

test('a redirection goes back as it is, and where it leads is decided anew', async () => {
  const egress = await withHost(
    (_, response) => response.writeHead(302, { location: 'http://evil.example/' }).end(),
    {
      names: { 'allowed.example': '127.0.0.1', 'evil.example': '127.0.0.1' },
    },
  )
  const answer = await egress.raw(get(`${egress.url}/`))
  expect(statusOf(answer)).toBe(302)
  const [, location = ''] = /location: (\S+)/.exec(answer)!
  expect(statusOf(await egress.raw(get(location)))).toBe(403)
  expect(egress.resolved).toEqual(['allowed.example'])
})

test('the target decides what Host the other side sees, whatever the request says', async () => {
  const egress = await withHost((request, response) => response.end(request.rawHeaders.join('|')))
  const answer = await egress.raw(
    get(`${egress.url}/`, 'Connection: x-secret\r\nX-Secret: 1\r\nUpgrade: websocket\r\n'),
  )
  expect(bodyOf(answer)).toContain(`Host|${egress.host}|`)
  expect(answer).not.toMatch(/evil\.example|x-secret|upgrade/i)
})

test.each([
  ['two lengths', 'Content-Length: 4\r\nContent-Length: 5\r\n'],
  ['a length and chunks', 'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n'],
  ['a folded header', 'X-A: 1\r\n 2\r\nContent-Length : 3\r\n'],
  ['a header without an end', `X-Long: ${'a'.repeat(100_000)}\r\n`],
])('a request with %s is not passed on', async (_, headers) => {
  let calls = 0
  const egress = await withHost((_request, response) => {
    calls += 1
    response.end()
  })
  expect(statusOf(await egress.raw(get(`${egress.url}/`, headers)))).toBeGreaterThanOrEqual(400)
  expect(calls).toBe(0)
})

test('a job reaches only what it asked for, on ports that it asked for', async () => {
  await using stack = new AsyncDisposableStack()
  const port = await outsideTcp((socket) => socket.end('wild'), stack)
  const egress = await openEgress({
    hosts: ['docs.example', '*.wild.example', `*.wild.example:${port}`, 'mirror.example:8080'],
    names: { 'docs.example': '127.0.0.1', 'a.b.wild.example': '127.0.0.1', 'mirror.example': '127.0.0.1' },
  })
  const refusals = [
    'evil.example:443',
    'docs.example:22',
    'docs.example:8080',
    'wild.example:443',
    'notwild.example:443',
    'mirror.example:443',
    'x.mirror.example:8080',
  ]
  for (const target of refusals)
    expect((await egress.tunnel(target)).head, target).toMatch(/^HTTP\/1\.1 403 /)
  expect(egress.resolved).toEqual([])
  expect((await egress.tunnel(`a.b.wild.example:${port}`)).head).toMatch(/^HTTP\/1\.1 200 /)
  const { lines } = await egress.ledger()
  expect(lines.filter(({ allowed }) => !allowed).map(({ host, port }) => `${host}:${port}`)).toEqual(refusals)
  expect(lines.at(-1)).toMatchObject({ host: 'a.b.wild.example', allowed: true })
})

test('the operator’s list bounds what jobs may ask for and what they reach', async () => {
  const egress = await openEgress({
    hosts: ['docs.example', 'other.example'],
    permitted: ['*.example.org', 'docs.example:443'],
  })
  expect(egress.egress.wrongHosts(['a.example.org', '*.b.example.org', 'docs.example:443'])).toEqual([])
  expect(
    egress.egress.wrongHosts(['docs.example', 'a.example.org', '*.org']).map(({ path }) => path),
  ).toEqual(['egress.0', 'egress.2'])
  expect((await egress.tunnel('docs.example:80')).head).toContain('403')
  expect((await egress.tunnel('other.example:443')).head).toContain('the operator does not permit this host')
  expect(egress.resolved).toEqual([])
  await egress.ledger()
  await using none = await openEgress({ hosts: [], permitted: [] })
  expect(none.egress.wrongHosts(['docs.example'])).toMatchObject([{ path: 'egress.0' }])
})

test('a name is resolved once: who answers otherwise the second time gains nothing', async () => {
  const answers = ['127.0.0.1', '169.254.169.254', '10.0.0.1']
  const egress = await withHost((_, response) => response.end('hello'), {
    names: { 'allowed.example': () => answers.shift()! },
  })
  expect(bodyOf(await egress.raw(get(`${egress.url}/`)))).toContain('hello')
  expect(answers).toHaveLength(2)
  const rebound = await egress.raw(get(`${egress.url}/`))
  expect(rebound).toMatch(/^HTTP\/1\.1 403 .*169\.254\.169\.254, not a public address/)
  expect((await egress.ledger()).lines).toMatchObject([
    { allowed: true, address: '127.0.0.1' },
    { allowed: false, address: null },
  ])
})

test('one private address among public ones is enough to refuse a name', async () => {
  const egress = await withHost((_, response) => response.end('hello'), {
    names: { 'allowed.example': '127.0.0.1 192.168.0.1' },
  })
  expect(statusOf(await egress.raw(get(`${egress.url}/`)))).toBe(403)
})

test('a name that is not there, and one that takes for ever, are said to be so', async () => {
  const egress = await withHost(() => {}, { names: {} })
  expect(await egress.raw(get(`${egress.url}/`))).toMatch(
    /^HTTP\/1\.1 502 .*could not be resolved \(ENOTFOUND\)/,
  )
  const slow = await withHost(() => {}, { resolve: () => new Promise(() => {}), limits: { connectMs: 50 } })
  expect(await slow.raw(get(`${slow.url}/`))).toMatch(/^HTTP\/1\.1 504 .*no connection within 0\.05 s/)
})

test('a host where nobody listens is said to be so', async () => {
  const stack = new AsyncDisposableStack()
  const port = await outsideTcp(() => {}, stack)
  await stack.disposeAsync()
  const egress = await opened(`allowed.example:${port}`, {})
  expect((await egress.tunnel(egress.host)).head).toMatch(/^HTTP\/1\.1 502 .*ECONNREFUSED/)
  expect((await egress.ledger()).lines).toMatchObject([
    { allowed: true, why: 'it could not be connected to (ECONNREFUSED)', address: null },
  ])
})

test('a host that does not answer, or stops in the middle, is given up', async () => {
  const silent = await withHost(() => {}, { limits: { headerMs: 50 } })
  expect(statusOf(await silent.raw(get(`${silent.url}/`)))).toBe(504)
  const stalled = await withHost((_, response) => void response.write('half'), { limits: { idleMs: 50 } })
  expect(await stalled.raw(get(`${stalled.url}/`))).toContain('half')
  expect((await stalled.ledger()).lines).toMatchObject([
    { allowed: true, why: 'nothing came or went for 0.05 s', bytesReceived: 4 },
  ])
  const tunnel = await withTcpHost(() => {}, { limits: { idleMs: 50 } })
  const { socket } = await tunnel.tunnel(tunnel.host)
  await once(socket.on('error', () => {}).resume(), 'close')
  expect((await tunnel.ledger()).lines).toMatchObject([{ why: 'nothing came or went for 0.05 s' }])
})

test('what answers with something else than HTTP is a fault of its own', async () => {
  const egress = await withTcpHost((socket) => socket.end('SSH-2.0-OpenSSH\r\n'))
  expect(statusOf(await egress.raw(get(`${egress.url}/`)))).toBe(502)
  const many = await withTcpHost((socket) =>
    socket.end(`HTTP/1.1 200 OK\r\nX-Long: ${'a'.repeat(1_000_000)}\r\n\r\n`),
  )
  expect(statusOf(await many.raw(get(`${many.url}/`)))).toBe(502)
})

test('bytes are bounded for a connection and for a run', async () => {
  const endless = (socket: Socket) => {
    const more = () => {
      while (socket.writable && socket.write(Buffer.alloc(10_000)));
    }
    socket.on('drain', more)
    more()
  }
  const one = await withTcpHost(endless, { limits: { connectionBytes: 100_000 } })
  const { socket } = await one.tunnel(one.host)
  await once(socket.on('error', () => {}).resume(), 'close')
  const { lines } = await one.ledger()
  expect(lines).toMatchObject([{ allowed: true, why: 'more than 100000 bytes went through one connection' }])
  expect(lines[0]!.bytesReceived).toBeLessThan(300_000)

  const run = await withTcpHost(endless, { limits: { runBytes: 100_000 } })
  for (let time = 0; time < 2; time += 1) {
    const { socket: next } = await run.tunnel(run.host)
    await once(next.on('error', () => {}).resume(), 'close')
  }
  const both = (await run.ledger()).lines
  expect(both.reduce((sum, line) => sum + line.bytesReceived, 0)).toBeLessThan(300_000)
})

test('connections at once are bounded', async () => {
  const egress = await withTcpHost((socket) => socket.pipe(socket), { limits: { connections: 2 } })
  const first = await egress.tunnel(egress.host)
  await egress.tunnel(egress.host)
  expect((await egress.tunnel(egress.host)).head).toMatch(/^HTTP\/1\.1 429 /)
  first.socket.end()
  await readAll(first.socket)
  await expect.poll(async () => (await egress.tunnel(egress.host)).head).toMatch(/^HTTP\/1\.1 200 /)
})

test('what is under way ends with the job, and nothing begins after it', async () => {
  const egress = await withTcpHost((socket) => socket.pipe(socket), { limits: { checkMs: 20 } })
  const { socket } = await egress.tunnel(egress.host)
  egress.reach.isOver = true
  await once(socket.on('error', () => {}).resume(), 'close')
  expect((await egress.tunnel(egress.host)).head).toContain('the job has ended')
  expect((await egress.ledger()).lines).toMatchObject([
    { allowed: true, why: 'the job has ended' },
    { allowed: false, why: 'the job has ended' },
  ])
})

test('a caller that goes away takes its connection with it', async () => {
  const gone = Promise.withResolvers<void>()
  const egress = await withHost((_, response) => {
    response.write('half')
    response.once('close', () => gone.resolve())
  })
  const { head, socket } = await egress.tunnel(egress.host)
  expect(head).toContain('200')
  socket.write(`GET / HTTP/1.1\r\nHost: a\r\n\r\n`)
  await once(socket, 'data')
  socket.destroy()
  await gone.promise
})

test('what goes on for long is in the ledger before it ends', async () => {
  const told = Promise.withResolvers<boolean>()
  const egress = await withTcpHost((socket) => socket.pipe(socket), {
    limits: { checkMs: 20, tellMs: 0 },
    write: async ({ lines }) => told.resolve(lines[0]!.open),
  })
  await egress.tunnel(egress.host)
  expect(await told.promise).toBe(true)
})

test('a sandbox that no job holds reaches nothing', async () => {
  await using egress = await openEgress({ hosts: [], reachOf: async () => null })
  expect((await egress.tunnel('allowed.example:443')).head).toContain('this sandbox has no job')
})
