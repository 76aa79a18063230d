import { once } from 'node:events'
import { expect, test } from 'vitest'
import { closed, desktops, encodings, hello, key, serveViewers, watch } from './testing/serve-viewers.ts'

test('a viewer that does not speak RFB is closed with the reason, and nothing of it reaches the desktop', async () => {
  const { open, side } = desktops()
  const { url } = await serveViewers(open)
  const received: Buffer[] = []
  const viewer = await watch(`${url}/job-1`)
  ;(await side(0)).on('data', (chunk: Buffer) => received.push(chunk))
  viewer.send(hello)
  viewer.send(Buffer.from([77, 1, 2, 3]))
  viewer.send(key(65))
  expect(await closed(viewer)).toEqual([1003, 'message type 77 is not known here'])
  expect(Buffer.concat(received)).toEqual(hello)
})

test('only who drives types: the first who presses a key does, the others’ input is dropped', async () => {
  const { open, side } = desktops()
  const { url } = await serveViewers(open)
  const [first, second] = [await watch(`${url}/job-1?viewer=the-first`), await watch(`${url}/job-1`)]
  const took: Buffer[][] = [[], []]
  for (const index of [0, 1]) (await side(index)).on('data', (chunk: Buffer) => took[index]!.push(chunk))
  const overIt = Buffer.from([5, 0, 0, 1, 0, 1])
  const click = Buffer.from([5, 1, 0, 1, 0, 1])
  const paste = Buffer.from([6, 0, 0, 0, 0, 0, 0, 1, 65])
  const resize = Buffer.concat([Buffer.from([251, 0, 5, 0, 3, 0, 1, 0]), Buffer.alloc(16)])
  // Nobody drives: neither a mouse that passes over the desktop, nor a window's size takes the lease.
  first.send(Buffer.concat([hello, overIt, paste, resize, encodings, key(65)]))
  await expect.poll(() => Buffer.concat(took[0]!)).toEqual(Buffer.concat([hello, encodings, key(65)]))
  second.send(Buffer.concat([hello, key(66), click, overIt, paste, resize, encodings]))
  await expect.poll(() => Buffer.concat(took[1]!)).toEqual(Buffer.concat([hello, encodings]))
  first.send(Buffer.concat([overIt, paste, resize]))
  const all = Buffer.concat([hello, encodings, key(65), overIt, paste, resize])
  await expect.poll(() => Buffer.concat(took[0]!)).toEqual(all)
})

test('a lease ends with its connection, and the next who presses a key drives', async () => {
  const { open, side } = desktops()
  const { url } = await serveViewers(open)
  const first = await watch(`${url}/job-1`)
  const second = await watch(`${url}/job-1`)
  const took: Buffer[] = []
  ;(await side(1)).on('data', (chunk: Buffer) => took.push(chunk))
  first.send(Buffer.concat([hello, key(65)]))
  const desktop = await side(0)
  desktop.resume()
  await once(desktop, 'data')
  first.terminate()
  await once(desktop, 'end').catch(() => {})
  second.send(Buffer.concat([hello, key(66)]))
  await expect.poll(() => Buffer.concat(took)).toEqual(Buffer.concat([hello, key(66)]))
})

test('who came to watch only does not drive by typing', async () => {
  const { open, side } = desktops()
  const { url } = await serveViewers(open)
  const viewer = await watch(`${url}/job-1?view_only=1`)
  const took: Buffer[] = []
  ;(await side(0)).on('data', (chunk: Buffer) => took.push(chunk))
  viewer.send(Buffer.concat([hello, key(65), encodings]))
  await expect.poll(() => Buffer.concat(took)).toEqual(Buffer.concat([hello, encodings]))
})

test('a guest sees the desktop until the link is over, and types only by one to drive', async () => {
  const { open, side } = desktops()
  const { url, comeBy, viewers, over } = await serveViewers(open)
  comeBy({ id: 'shr-1', mayDrive: false })
  const watching = await watch(`${url}/job-1`)
  const took: Buffer[] = []
  ;(await side(0)).on('data', (chunk: Buffer) => took.push(chunk))
  watching.send(Buffer.concat([hello, key(65), encodings]))
  await expect.poll(() => Buffer.concat(took)).toEqual(Buffer.concat([hello, encodings]))
  expect(viewers.guests('shr-1')).toBe(1)
  const told = closed(watching)
  over.abort('the share link has ended')
  expect(await told).toEqual([1008, 'the share link has ended'])
  await expect.poll(() => viewers.guests('shr-1')).toBe(0)
})
