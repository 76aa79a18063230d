import type { AgentEvent } from '@vitrine/contract/event.ts'
import type { NumberedEvent } from '@vitrine/contract/link.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Outbox } from './outbox.ts'

const words = (text: string, candidate = 1): AgentEvent => ({
  type: 'candidate.text',
  data: { candidate, text },
})
const log = (message: string): AgentEvent => ({ type: 'log', data: { level: 'info', message } })

async function read(
  outbox: Outbox,
  after: number,
  until: (event: NumberedEvent) => boolean,
): Promise<NumberedEvent[]> {
  const stop = new AbortController()
  const events: NumberedEvent[] = []
  for await (const event of outbox.after(after, stop.signal)) {
    events.push(event)
    if (until(event)) stop.abort()
  }
  return events
}
const untilEnd = ({ event }: NumberedEvent) => event.type === 'log' && event.data.message === 'end'

test('words come in batches, in order with everything else', async () => {
  const outbox = new Outbox()
  for (const piece of ['a', 'b', 'c']) outbox.add(words(piece))
  outbox.add(log('between'))
  outbox.add(words('d'))
  outbox.add(words('e', 2))
  outbox.add(log('end'))
  expect(await read(outbox, 0, untilEnd)).toEqual([
    { number: 1, event: words('abc') },
    { number: 2, event: log('between') },
    { number: 3, event: words('d') },
    { number: 4, event: words('e', 2) },
    { number: 5, event: log('end') },
  ])
})

test('a reader gets live events, and words without anything behind them', async () => {
  const outbox = new Outbox()
  const reading = read(outbox, 0, ({ event }) => event.type === 'candidate.text')
  outbox.add(words('hello'))
  expect(await reading).toEqual([{ number: 1, event: words('hello') }])
})

test('what was not acknowledged comes again, numbered without gaps', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(30), { maxLength: 10 }), fc.nat(25), async (acknowledged, after) => {
      const outbox = new Outbox()
      for (let i = 1; i < 20; i += 1) outbox.add(log(`event ${i}`))
      outbox.add(log('end'))
      const least = Math.min(19, Math.max(0, ...acknowledged))
      for (const upTo of acknowledged) outbox.acknowledge(Math.min(19, upTo))
      const numbers = (await read(outbox, Math.min(19, after), untilEnd)).map(({ number }) => number)
      const first = Math.max(least, Math.min(19, after)) + 1
      expect(numbers).toEqual(Array.from({ length: 21 - first }, (_, i) => first + i))
    }),
  )
})

test('past its limit the oldest words are emptied, and it says so', async () => {
  const outbox = new Outbox()
  outbox.add(log('first'))
  for (let i = 0; i < 40; i += 1) {
    outbox.add(words('x'.repeat(1024 * 1024)))
    outbox.add(log(`${i}`))
  }
  outbox.add(log('end'))
  const events = await read(outbox, 0, untilEnd)
  expect(events.map(({ number }) => number)).toEqual(events.map((_, i) => i + 1))
  expect(JSON.stringify(events).length).toBeLessThan(18 * 1024 * 1024)
  expect(events[0]?.event).toEqual(log('first'))
  const warnings = events.filter(({ event }) => event.type === 'log' && event.data.level === 'warning')
  expect(warnings).toHaveLength(1)
})

test('each event carries the run that it was told in, words that were still being gathered too', async () => {
  const outbox = new Outbox()
  outbox.beginRun(1)
  outbox.add(words('of the first'))
  outbox.beginRun(2)
  outbox.add(words('of the second'))
  outbox.add(log('end'))
  const told = await read(outbox, 0, untilEnd)
  expect(told.map(({ number, run }) => [number, run])).toEqual([
    [1, 1],
    [2, 2],
    [3, 2],
  ])
})
