import { inflateSync } from 'node:zlib'
import { VitrineError } from '@vitrine/contract/error.ts'
import { expect, test } from 'vitest'
import { handshake, scriptedDesktop, update } from './fake-desktop.ts'
import { encodePng } from './png.ts'
import { createScreenshots } from './screenshot.ts'

const red = [255, 0, 0, 0]
const blue = [0, 0, 255, 0]
const picture = () => [
  handshake({ width: 2, height: 1 }),
  update([{ x: 0, y: 0, width: 2, height: 1, data: Buffer.from([...red, ...blue]) }]),
]
const never = new AbortController().signal

/** The chunks of a PNG by type, as lengths in the file tell them. */
function chunks(png: Buffer): Record<string, Buffer> {
  const found: Record<string, Buffer> = {}
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at)
    found[png.toString('latin1', at + 4, at + 8)] = png.subarray(at + 8, at + 8 + length)
    at += 12 + length
  }
  return found
}

test('a screenshot is a PNG with the desktop’s pixels', async () => {
  const screenshot = createScreenshots(async () => scriptedDesktop(picture()).stream)
  const png = await screenshot('job-1', never)
  expect(png.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n')
  const { IHDR, IDAT, IEND } = chunks(png)
  expect(IHDR?.toString('hex')).toBe('00000002000000010802000000')
  expect([...inflateSync(IDAT!)]).toEqual([0, 255, 0, 0, 0, 0, 255])
  expect(IEND).toHaveLength(0)
})

test('the checksum of a known chunk is right', async () => {
  const png = await encodePng({ width: 1, height: 1, rgba: Buffer.from([0, 0, 0, 255]) })
  expect(png.subarray(-4).toString('hex')).toBe('ae426082') // of IEND, in every PNG
})

test('requests that come while a picture of the job is taken share it; other jobs and later ones do not', async () => {
  const opened: string[] = []
  const screenshot = createScreenshots(async (job) => {
    opened.push(job)
    return scriptedDesktop(picture()).stream
  })
  const many = await Promise.all(['job-1', 'job-1', 'job-2', 'job-1'].map((job) => screenshot(job, never)))
  expect(opened).toEqual(['job-1', 'job-2'])
  expect(many[1]).toBe(many[0])
  await screenshot('job-1', never)
  expect(opened).toEqual(['job-1', 'job-2', 'job-1'])
})

test('one that gives up does not disturb the others; when all have, the desktop’s stream is closed', async () => {
  const desktop = scriptedDesktop([handshake({ width: 2, height: 1 })], { end: false })
  const opened = Promise.withResolvers<void>()
  const screenshot = createScreenshots(async () => {
    opened.resolve()
    return desktop.stream
  })
  const [first, second] = [new AbortController(), new AbortController()]
  const firstPicture = screenshot('job-1', first.signal)
  const secondPicture = screenshot('job-1', second.signal)
  await opened.promise
  first.abort()
  await expect(firstPicture).rejects.toMatchObject({ name: 'AbortError' })
  expect(desktop.stream.destroyed).toBe(false)
  second.abort()
  await expect(secondPicture).rejects.toMatchObject({ name: 'AbortError' })
  await expect.poll(() => desktop.stream.destroyed).toBe(true)
})

test('a desktop that sends nonsense makes the picture unavailable, and the stream is closed', async () => {
  const desktop = scriptedDesktop([Buffer.from('HTTP/1.1 400 ')])
  const screenshot = createScreenshots(async () => desktop.stream)
  const refused = screenshot('job-1', never)
  await expect(refused).rejects.toThrow(VitrineError)
  await expect(refused).rejects.toThrow(
    /^The desktop of job-1 gave no picture: the banner is "HTTP\/1\.1 400"/,
  )
  expect(desktop.stream.destroyed).toBe(true)
})

test('what opening the desktop says comes through', async () => {
  const screenshot = createScreenshots(async () => {
    throw new VitrineError('conflict', 'The desktop of job-1 is closed.')
  })
  await expect(screenshot('job-1', never)).rejects.toMatchObject({ code: 'conflict' })
})
