import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createFairQueue, type FairQueue, type Slot } from './fair-queue.ts'

const never = new AbortController().signal
const wish = (onPlace: (place: number) => void = () => {}) => ({
  choose: (free: readonly string[]) => free[0],
  onPlace,
  first: false,
})

/** Takes for each job in order, lets every call end in turn, and answers with the order of service. */
async function serveAll(queue: FairQueue<string>, jobs: string[]): Promise<string[]> {
  const served: string[] = []
  const calls = jobs.map(async (job) => {
    using _ = await queue.take(job, wish(), never)
    served.push(job)
    await Promise.resolve()
  })
  await Promise.all(calls)
  return served
}

test('every waiter is served', async () => {
  const jobs = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(jobs, fc.integer({ min: 1, max: 4 }), async (jobs, slots) => {
      const served = await serveAll(
        createFairQueue(() => ['one', 'two'], slots),
        jobs,
      )
      expect(served.toSorted()).toEqual(jobs.toSorted())
    }),
  )
})

test('no job is served twice while another one waits the whole time', async () => {
  const jobs = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(jobs, async (jobs) => {
      const queue = createFairQueue(() => ['one'], 1)
      const gate = await queue.take('gate', wish(), never)
      const all = serveAll(queue, jobs)
      gate[Symbol.dispose]()
      const served = await all
      const left = Map.groupBy(jobs, (job) => job)
      for (const [index, job] of served.entries()) {
        const round = served.slice(0, index).filter((other) => other === job).length
        for (const [other, wishes] of left) {
          const had = served.slice(0, index).filter((one) => one === other).length
          expect(had >= round || had === wishes.length).toBe(true)
        }
      }
    }),
  )
})

test('slots are never exceeded, and canceled waiters leave nothing behind', async () => {
  type Step = { do: 'take' | 'cancel' | 'release'; job: string; pick: number }
  const step = fc.record<Step>({
    do: fc.constantFrom('take', 'cancel', 'release'),
    job: fc.constantFrom('a', 'b', 'c'),
    pick: fc.nat(20),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 60 }),
      fc.integer({ min: 1, max: 3 }),
      async (steps, slots) => {
        const queue = createFairQueue(() => ['one', 'two'], slots)
        const held: Slot<string>[] = []
        const open: { cancel: AbortController; over: Promise<void> }[] = []
        for (const { do: what, job, pick } of steps) {
          if (what === 'take') {
            const cancel = new AbortController()
            const over = queue.take(job, wish(), cancel.signal).then(
              (slot) => void held.push(slot),
              () => {},
            )
            open.push({ cancel, over })
          } else if (what === 'cancel') open[pick % open.length]?.cancel.abort()
          else held.splice(pick % (held.length || 1), 1)[0]?.[Symbol.dispose]()
          await new Promise(setImmediate)
          for (const server of ['one', 'two']) {
            expect(held.filter((slot) => slot.server === server).length).toBeLessThanOrEqual(slots)
          }
        }
        for (const { cancel } of open) cancel.abort()
        await Promise.all(open.map(({ over }) => over))
        for (const slot of held) slot[Symbol.dispose]()
        const all = await Promise.all(Array.from({ length: slots * 2 }, () => queue.take('z', wish(), never)))
        expect(all.map(({ server }) => server).toSorted()).toEqual(
          ['one', 'two'].flatMap((server) => Array.from({ length: slots }, () => server)),
        )
      },
    ),
    { numRuns: 60 },
  )
})

test('a job is told its place in the row, and each time that it moves up', async () => {
  const queue = createFairQueue(() => ['one'], 1)
  const places: string[] = []
  const gate = await queue.take('gate', wish(), never)
  const calls = ['a', 'b', 'a', 'c'].map((job) =>
    queue.take(
      job,
      wish((place) => places.push(`${job}${place}`)),
      never,
    ),
  )
  expect(places).toEqual(['a1', 'b2', 'c3'])
  gate[Symbol.dispose]()
  const slot = await calls[0]!
  expect(places).toEqual(['a1', 'b2', 'c3', 'b1', 'c2', 'a3'])
  slot[Symbol.dispose]()
})

test('a canceled waiter rejects with its signal’s reason', async () => {
  const queue = createFairQueue(() => ['one'], 1)
  using _ = await queue.take('a', wish(), never)
  const cancel = new AbortController()
  const waiting = queue.take('b', wish(), cancel.signal)
  cancel.abort(new Error('gone'))
  await expect(waiting).rejects.toThrow('gone')
})

test('one that could not use its slot is served before those that came earlier', async () => {
  const queue = createFairQueue(() => ['one'], 1)
  const gate = await queue.take('gate', wish(), never)
  const order: string[] = []
  const call = async (name: string, first: boolean) => {
    using _ = await queue.take(name, { ...wish(), first }, never)
    order.push(name)
  }
  const calls = [call('early', false), call('again', true)]
  gate[Symbol.dispose]()
  await Promise.all(calls)
  expect(order).toEqual(['again', 'early'])
})

test('a waiter that can use none of the free servers does not hold up the next', async () => {
  let servers = ['one']
  const queue = createFairQueue(() => servers, 1)
  const picky = queue.take(
    'picky',
    { ...wish(), choose: (free: readonly string[]) => free.find((server) => server === 'two') },
    never,
  )
  using easy = await queue.take('easy', wish(), never)
  expect(easy.server).toBe('one')
  servers = ['one', 'two']
  queue.offer()
  using slot = await picky
  expect(slot.server).toBe('two')
})

test('the least busy server is offered first', async () => {
  const queue = createFairQueue(() => ['one', 'two'], 2)
  const slots = await Promise.all([1, 2, 3, 4].map(() => queue.take('a', wish(), never)))
  expect(slots.map(({ server }) => server)).toEqual(['one', 'two', 'one', 'two'])
})

test('all that wait can be refused at once, and those that come later wait again', async () => {
  const queue = createFairQueue(() => ['one'], 1)
  const gate = await queue.take('gate', wish(), never)
  const waiting = ['a', 'a', 'b'].map((job) => queue.take(job, wish(), never))
  queue.refuse(new Error('no server'))
  for (const one of waiting) await expect(one).rejects.toThrow('no server')
  const later = queue.take('a', wish(), never)
  gate[Symbol.dispose]()
  using _ = await later
})
