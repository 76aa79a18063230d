import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import http from 'node:http'
import http2 from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { linkProtocol, linkVersion, streamProtocol } from '@vitrine/contract/link.ts'
import { afterEach, expect, test } from 'vitest'
import type { Link } from './link.ts'
import { Links } from './links.ts'

const opened: (() => unknown)[] = []
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close()
})

/** Two sandboxes' sockets, and the link of the first, whose agent tells the tickets that it is given. */
async function linked() {
  const folder = await mkdtemp(join(tmpdir(), 'vitrine-links-'))
  opened.push(() => rm(folder, { recursive: true }))
  const up = Promise.withResolvers<Link>()
  const links = new Links({
    folder,
    serve: async () => {},
    tunnel: async () => {},
    onLink: (link) => up.resolve(link),
  })
  opened.push(() => links[Symbol.asyncDispose]())
  for (const sandbox of ['one', 'other']) await links.listen(sandbox)
  const socketOf = (sandbox: string) => join(links.folderOf(sandbox), 'link.sock')
  const tickets: string[] = []
  const { socket } = await dial(socketOf('one'), '/link', linkProtocol)
  const session = http2.performServerHandshake(socket!)
  session.on('stream', (stream, { ':path': path }) => {
    tickets.push(new URL(path!, 'http://agent').searchParams.get('ticket')!)
    stream.respond({ ':status': 204 }, { endStream: true })
  })
  return { link: await up.promise, socketOf, tickets }
}

async function dial(
  socketPath: string,
  path: string,
  protocol: string,
): Promise<{ status: number; socket: Duplex | null }> {
  const headers = {
    connection: 'Upgrade',
    upgrade: protocol,
    'vitrine-link-version': String(linkVersion),
  }
  const request = http.get({ socketPath, path, headers, agent: false })
  request.on('error', () => {})
  return new Promise((resolve) => {
    request.once('upgrade', ({ statusCode }, socket, head) => {
      if (head.length > 0) socket.unshift(head)
      opened.push(() => socket.destroy())
      socket.on('error', () => socket.destroy())
      resolve({ status: statusCode!, socket })
    })
    request.once('response', (response) => {
      response.resume()
      resolve({ status: response.statusCode!, socket: null })
    })
  })
}

test('a desktop’s connection is taken once, by the ticket that its own sandbox was given for it', async () => {
  const { link, socketOf, tickets } = await linked()
  const opening = link.desktop(AbortSignal.timeout(5000))
  await expect.poll(() => tickets).toHaveLength(1)
  const dialStream = (sandbox: string, ticket: string) =>
    dial(socketOf(sandbox), `/stream/${ticket}`, streamProtocol)

  expect((await dialStream('one', 'a-ticket-that-nobody-gave')).status).toBe(404)
  expect((await dialStream('other', tickets[0]!)).status).toBe(404)
  const { status, socket } = await dialStream('one', tickets[0]!)
  expect(status).toBe(101)
  socket!.write('RFB 003.008\n')
  const desktop = await opening
  expect(String((await once(desktop, 'data'))[0])).toBe('RFB 003.008\n')
  expect((await dialStream('one', tickets[0]!)).status).toBe(404)
})

test('a desktop’s connection ends with the link', async () => {
  const { link, socketOf, tickets } = await linked()
  const opening = link.desktop(AbortSignal.timeout(5000))
  await expect.poll(() => tickets).toHaveLength(1)
  const { socket } = await dial(socketOf('one'), `/stream/${tickets[0]}`, streamProtocol)
  const desktop = await opening
  const ended = [desktop, socket!].map((side) => new Promise((resolve) => side.once('close', resolve)))
  link.close()
  socket!.resume()
  await Promise.all(ended)
})

test('a ticket is good no longer than somebody waits for its desktop', async () => {
  const { link, socketOf, tickets } = await linked()
  const given = new AbortController()
  const opening = link.desktop(given.signal)
  await expect.poll(() => tickets).toHaveLength(1)
  given.abort()
  await expect(opening).rejects.toThrow()
  expect((await dial(socketOf('one'), `/stream/${tickets[0]}`, streamProtocol)).status).toBe(404)
})
