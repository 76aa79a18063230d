import { once } from 'node:events'
import { createServer, get, request, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterEach, expect, test } from 'vitest'
import { createDesktopPorts, type DesktopPorts } from './ports.ts'

const host = '127.0.0.1'
const opened: AsyncDisposable[] = []
afterEach(async () => {
  for (const one of opened.splice(0)) await one[Symbol.asyncDispose]()
})

const serve =
  (job: string): RequestListener =>
  (_request, response) =>
    response.end(`this is ${job}`)
const answer = (job: string) => (_request: unknown, socket: Duplex) => {
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${job}\r\n\r\n`)
}

function desktopPorts(from: number, to: number): DesktopPorts {
  const ports = createDesktopPorts({ from, to, host, serve, upgrade: answer })
  opened.push(ports)
  return ports
}

async function occupied(port = 0): Promise<number> {
  const server = createServer().listen(port, host)
  opened.push({ [Symbol.asyncDispose]: async () => void server.close() })
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** The first of so many ports that are free now, one beside the other. */
async function freeRange(count: number): Promise<number> {
  for (;;) {
    const first = await occupied()
    await opened.pop()![Symbol.asyncDispose]()
    if (first + count > 65_535) continue
    const probe = desktopPorts(first, first + count - 1)
    const found = await Promise.all(Array.from({ length: count }, (_, index) => probe.open(`probe-${index}`)))
    opened.pop()
    await probe[Symbol.asyncDispose]()
    if (!found.includes(null)) return first
  }
}

async function read(port: number): Promise<string> {
  const [response] = (await once(get({ host, port, agent: false }), 'response')) as [NodeJS.ReadableStream]
  return text(response)
}

test('each job gets the first free port of the range, and the same one when asked again', async () => {
  const from = await freeRange(2)
  const ports = desktopPorts(from, from + 1)
  expect(await ports.open('a')).toBe(from)
  expect(await ports.open('b')).toBe(from + 1)
  expect(await ports.open('a')).toBe(from)
  expect(ports.portOf('b')).toBe(from + 1)
  expect(await read(from)).toBe('this is a')
  expect(await read(from + 1)).toBe('this is b')
})

test('when none is free the answer is null, and a port that was closed is free again', async () => {
  const from = await freeRange(1)
  const ports = desktopPorts(from, from)
  await ports.open('a')
  expect(await ports.open('b')).toBeNull()
  expect(ports.portOf('b')).toBeNull()
  await ports.close('a')
  expect(ports.portOf('a')).toBeNull()
  expect(await ports.open('b')).toBe(from)
})

test('a port taken by somebody else is skipped', async () => {
  const from = await freeRange(2)
  await occupied(from)
  expect(await desktopPorts(from, from + 1).open('a')).toBe(from + 1)
})

test('many jobs and doubled calls at once get one port each', async () => {
  const from = await freeRange(5)
  const ports = desktopPorts(from, from + 4)
  const found = await Promise.all(['a', 'b', 'c', 'a', 'd', 'e', 'f'].map((job) => ports.open(job)))
  expect(found[3]).toBe(found[0])
  expect(new Set(found)).toEqual(new Set([from, from + 1, from + 2, from + 3, from + 4, null]))
})

test('after a restart a job gets the port that it had, or another one where that is taken', async () => {
  const from = await freeRange(3)
  const ports = desktopPorts(from, from + 2)
  expect(await ports.restore('a', from + 1)).toBe(from + 1)
  expect(await ports.restore('b', from + 1)).toBe(from)
  expect(await ports.restore('c', 1)).toBe(from + 2) // not of the range, which may have been configured anew
})

test('closing while opening leaves nothing open', async () => {
  const from = await freeRange(1)
  const ports = desktopPorts(from, from)
  const opening = ports.open('a')
  await ports.close('a')
  await opening
  expect(ports.portOf('a')).toBeNull()
  await occupied(from)
})

test(
  'closing the last port ends requests and, after a moment, connections that were upgraded',
  { timeout: 5000 },
  async () => {
    const from = await freeRange(1)
    const ports = desktopPorts(from, from)
    await ports.open('a')
    const asked = request({ host, port: from, headers: { connection: 'Upgrade', upgrade: 'x' } }).end()
    const [response, socket] = (await once(asked, 'upgrade')) as [{ headers: { upgrade: string } }, Duplex]
    expect(response.headers.upgrade).toBe('a')
    socket.on('error', () => {})
    socket.resume()
    const ended = once(socket, 'close')
    const closing = ports.close('a')
    await occupied(from) // free at once, whoever is still connected
    await closing
    await ended
  },
)

test('an address that is not this machine’s is an error, not a range without free ports', async () => {
  const ports = createDesktopPorts({ from: 6080, to: 6081, host: '192.0.2.1', serve, upgrade: answer })
  await expect(ports.open('a')).rejects.toThrow('EADDRNOTAVAIL')
  expect(ports.portOf('a')).toBeNull()
})
