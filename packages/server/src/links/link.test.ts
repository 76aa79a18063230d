import http2 from 'node:http2'
import { duplexPair, Readable } from 'node:stream'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Link } from './link.ts'

/** A link to an agent that answers every request with these chunks. */
function linkTo(chunks: readonly Buffer[]): Link {
  const [ours, theirs] = duplexPair()
  const session = http2.performServerHandshake(theirs)
  session.on('stream', (stream) => {
    stream.on('error', () => stream.destroy())
    stream.respond({ ':status': 200 })
    for (const chunk of chunks) stream.write(chunk)
    stream.end()
  })
  session.on('error', () => session.destroy())
  return new Link('sbx-test', ours)
}

const line = (number: number, message = 'ü 👩‍👧') =>
  `${JSON.stringify({ number, event: { type: 'log', data: { level: 'info', message } } })}\n`

async function received(chunks: readonly Buffer[], after = 0): Promise<number[]> {
  const link = linkTo(chunks)
  const numbers: number[] = []
  try {
    for await (const events of link.events(after, AbortSignal.timeout(5000))) {
      numbers.push(...events.map(({ number }) => number))
    }
  } finally {
    link.close()
  }
  return numbers
}

test('events are the same however their bytes are cut', async () => {
  const bytes = Buffer.from([1, 2, 3, 4].map((number) => line(number)).join(''))
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(bytes.length)), async (cuts) => {
      const edges = [0, ...cuts.toSorted((a, b) => a - b), bytes.length]
      const chunks = edges.slice(1).map((end, index) => bytes.subarray(edges[index], end))
      expect(await received(chunks)).toEqual([1, 2, 3, 4])
    }),
    { numRuns: 50 },
  )
})

test('events told again are passed over', async () => {
  const lines = [1, 2, 1, 2, 3].map((number) => Buffer.from(line(number)))
  expect(await received(lines)).toEqual([1, 2, 3])
  expect(await received(lines, 2)).toEqual([3])
})

test.each([
  ['skipped an event', Buffer.from(line(1) + line(3)), /skipped event 2/],
  ['sends what is not JSON', Buffer.from('hello\n'), /not of the link's protocol/],
  [
    'sends an unknown event',
    Buffer.from('{"number":1,"event":{"type":"root"}}\n'),
    /not of the link's protocol/,
  ],
  ['sends a line without end', Buffer.alloc(5 * 1024 * 1024, 'x'), /too long/],
])('an agent that %s is not listened to', async (_, bytes, message) => {
  await expect(received([bytes])).rejects.toThrow(message)
})

test('an answer that is too long is cut off', async () => {
  const link = linkTo([Buffer.alloc(5 * 1024 * 1024, ' ')])
  await expect(link.status(AbortSignal.timeout(5000))).rejects.toThrow(/too much/)
  link.close()
})

test('a call that is given up before its answer has begun fails, and nothing else does', async () => {
  const [ours, theirs] = duplexPair()
  const session = http2.performServerHandshake(theirs)
  session.on('error', () => session.destroy())
  const link = new Link('sbx-test', ours)
  const giveUp = new AbortController()
  session.on('stream', (stream) => {
    stream.on('error', () => stream.destroy())
    giveUp.abort()
  })
  await expect(link.status(giveUp.signal)).rejects.toMatchObject({ code: 'unavailable' })
  link.close()
  await link.closed
})

test('a file that can not be sent because the link broke is not left open', async () => {
  const link = linkTo([])
  link.close()
  await link.closed
  const body = Readable.from(['content'])
  await expect(link.writeFile('a.txt', body, AbortSignal.timeout(5000))).rejects.toMatchObject({
    code: 'unavailable',
  })
  expect(body.destroyed).toBe(true)
})
