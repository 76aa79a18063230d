import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterEach, expect, test } from 'vitest'
import { passOnTo, untilOneCloses } from './relay.ts'

const opened: (() => unknown)[] = []
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close()
})

/** X server ↔ relay ↔ server, on Unix sockets; `ended` is when the relay has. */
async function relayed() {
  const folder = await mkdtemp(join(tmpdir(), 'vitrine-relay-'))
  opened.push(() => rm(folder, { recursive: true }))
  const link = await connection(join(folder, 'link'), {})
  const take = passOnTo(link.near)
  const display = await connection(join(folder, 'x'), {
    onread: {
      buffer: Buffer.alloc(1000),
      callback: (length: number, { buffer }: Uint8Array) =>
        take(Buffer.from(buffer, 0, length), display.near),
    },
  })
  return { xServer: display.far, server: link.far, ended: untilOneCloses(display.near, link.near) }
}

async function connection(path: string, options: object): Promise<{ near: Socket; far: Socket }> {
  const server = createServer().listen(path)
  opened.push(() => server.close())
  await once(server, 'listening')
  const near = connect({ path, ...options })
  const [far] = (await once(server, 'connection')) as [Socket]
  for (const side of [near, far]) {
    side.on('error', () => side.destroy())
    opened.push(() => side.destroy())
  }
  return { near, far }
}

const MiB = 1024 * 1024
const numbered = (bytes: number) =>
  Buffer.from(Uint32Array.from({ length: bytes / 4 }, (_, index) => index).buffer)

test('all bytes go both ways, in order, however slowly they are read', async () => {
  const { xServer, server, ended } = await relayed()
  const [shown, typed] = [numbered(8 * MiB), numbered(MiB)]
  server.write(typed)
  const received = once(xServer, 'readable').then(async () => {
    const chunks: Buffer[] = []
    for (let length = 0; length < typed.length; length += chunks.at(-1)!.length) {
      chunks.push((await once(xServer, 'data'))[0] as Buffer)
    }
    return Buffer.concat(chunks)
  })
  expect((await received).equals(typed)).toBe(true)
  xServer.end(shown)
  expect((await buffer(server)).equals(shown)).toBe(true)
  await ended
})

test('the X server waits for a server that reads nothing, and is let go when that leaves', async () => {
  const { xServer, server, ended } = await relayed()
  xServer.write(numbered(8 * MiB))
  let waiting = 0
  const stands = () => waiting === (waiting = xServer.writableLength) && waiting > 0
  await expect.poll(stands, { interval: 100, timeout: 20_000 }).toBe(true)
  server.destroy()
  await ended
  xServer.resume()
  if (!xServer.closed) await once(xServer, 'close')
})

test('an X server that ends, ends the server’s connection after all that it had shown', async () => {
  const { xServer, server, ended } = await relayed()
  xServer.end('bye')
  expect((await buffer(server)).toString()).toBe('bye')
  await ended
})
