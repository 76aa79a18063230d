import { once } from 'node:events'
import { limits } from '@vitrine/contract/limits.ts'
import { Vitrine } from '@vitrine/sdk/vitrine.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket, type ClientOptions } from 'ws'
import { startServer, type TestServer } from '../testing/start-server.ts'

let server: TestServer
let vitrine: Vitrine
let id: string

beforeAll(async () => {
  server = await startServer()
  vitrine = new Vitrine({ url: server.url, token: server.token })
  id = (await server.create({ task: 'print done' })).id
  // The last of what a job does by itself.
  await server.follow(id, ({ type }) => type === 'files.kept')
})
afterAll(() => server[Symbol.asyncDispose]())

const put = (path: string, body: string | Uint8Array, headers: Record<string, string> = {}) =>
  fetch(`${server.url}api/v1/jobs/${id}/files/${path}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${server.token}`, ...headers },
    body: body as BodyInit,
  })

test('a file is put into the live sandbox, byte for byte, and replaces one that is there', async () => {
  const everyByte = Uint8Array.from({ length: 256 }, (_, value) => value)
  const name = 'in/ä "1" #?%2f\n..\t.bin'
  for (const content of [everyByte, everyByte.toReversed()]) {
    await vitrine.jobs.files.write(id, name, content)
    expect(await (await vitrine.jobs.files.read(id, name)).bytes()).toEqual(content)
  }
  await vitrine.jobs.files.write(id, 'text.txt', new Blob(['a blob']).stream())
  expect(await (await vitrine.jobs.files.read(id, 'text.txt')).text()).toBe('a blob')
})

test('a file that is too large is refused, whether its length is told or not', async () => {
  const large = new Uint8Array(limits.fileBytes + 1)
  const told = await put('large', large)
  expect([told.status, await told.json()]).toMatchObject([413, { error: { code: 'too_large' } }])
  await expect(vitrine.jobs.files.write(id, 'large', new Blob([large]).stream())).rejects.toMatchObject({
    code: 'too_large',
  })
  expect((await vitrine.jobs.files.list(id)).files.map(({ path }) => path)).not.toContain('large')
})

test('nobody else puts a file: not signed in, from another site, into a job that is not there', async () => {
  expect((await put('x', 'x', { authorization: 'Bearer wrong' })).status).toBe(401)
  expect((await put('x', 'x', { origin: 'http://evil.example' })).status).toBe(403)
  expect((await put('x', 'x', { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
  await expect(vitrine.jobs.files.write('job-000000000000', 'x', 'x')).rejects.toMatchObject({
    code: 'not_found',
  })
})

/** How a WebSocket at this path is answered: its first message, or the status of its refusal. */
async function terminalAt(path: string, options: ClientOptions = {}): Promise<string | number> {
  const socket = new WebSocket(server.url.replace(/^http/, 'ws') + path, options)
  socket.on('error', () => {})
  const answer = await Promise.race([
    once(socket, 'message').then(([data]) => String(data)),
    once(socket, 'unexpected-response').then(([, { statusCode }]) => statusCode as number),
  ])
  socket.terminate()
  return answer
}

test('a terminal opens for those who are signed in, from this server’s own pages, and for nobody else', async () => {
  const path = `jobs/${id}/terminal?columns=80&rows=24`
  const headers = { authorization: `Bearer ${server.token}` }
  expect(await terminalAt(path, { headers })).toBe('80 × 24\r\n')
  expect(await terminalAt(path)).toBe(401)
  expect(await terminalAt(path, { headers: { authorization: 'Bearer wrong' } })).toBe(401)
  expect(await terminalAt(path, { headers, origin: 'http://evil.example' })).toBe(403)
  expect(await terminalAt(path, { headers: { ...headers, host: 'evil.example' } })).toBe(403)
  const { url } = await vitrine.jobs.shares.create(id, { mode: 'control' })
  const shared = url.slice(server.url.length)
  expect(await terminalAt(`${shared}terminal?columns=80&rows=24`)).toBe(401)
  expect(await terminalAt(`${shared}terminal?columns=80&rows=24`, { headers })).toBe(404)
})

test('a client types, resizes, reads what is printed, and is told that the shell ended', async () => {
  const terminal = vitrine.jobs.terminal(id, { columns: 80, rows: 24 })
  await terminal.write('echo\r')
  await terminal.resize({ columns: 300, rows: 50 })
  await terminal.write(new TextEncoder().encode('exit\r'))
  let printed = ''
  for await (const bytes of terminal.output) printed += Buffer.from(bytes).toString()
  expect(printed).toBe('80 × 24\r\necho\r300 × 50\r\nexit\r')
  expect(await terminal.ended).toEqual({ how: 'ended', reason: 'the shell ended' })
})

test('after its desktop was closed a job takes no files and no terminals, and says why', async () => {
  await vitrine.jobs.stop(id)
  await server.reach(id, ({ desktop }) => desktop.state === 'closed')
  await expect(vitrine.jobs.files.write(id, 'late', 'x')).rejects.toMatchObject({ code: 'conflict' })
  const terminal = vitrine.jobs.terminal(id, { columns: 80, rows: 24 })
  expect(await Array.fromAsync(terminal.output)).toEqual([])
  expect(await terminal.ended).toEqual({ how: 'broken', reason: `The desktop of job ${id} is closed.` })
})
