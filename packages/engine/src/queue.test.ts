import { expect, test } from 'vitest'
import { createQueue } from './queue.ts'

const never = new AbortController().signal

test('work runs one at a time, in the order in which it came', async () => {
  const queue = createQueue()
  const gates = [1, 2, 3].map(() => Promise.withResolvers<void>())
  const started: number[] = []
  const runs = gates.map((gate, index) =>
    queue.run(never, async () => {
      started.push(index)
      await gate.promise
      return index
    }),
  )
  gates[1]?.resolve()
  gates[0]?.resolve()
  expect(await Promise.all(runs.slice(0, 2))).toEqual([0, 1])
  expect(started).toEqual([0, 1, 2])
  gates[2]?.resolve()
  expect(await runs[2]).toBe(2)
})

test('who leaves while waiting never runs, and those behind move up', async () => {
  const queue = createQueue()
  const gate = Promise.withResolvers<void>()
  const first = queue.run(never, () => gate.promise)
  const leaver = new AbortController()
  const left = queue.run(leaver.signal, () => Promise.reject(new Error('ran')))
  const last = queue.run(never, () => Promise.resolve('last'))
  leaver.abort(new Error('left'))
  await expect(left).rejects.toThrow('left')
  gate.resolve()
  await first
  expect(await last).toBe('last')
})

test('failed work frees the place', async () => {
  const queue = createQueue()
  await expect(queue.run(never, () => Promise.reject(new Error('broke')))).rejects.toThrow('broke')
  expect(await queue.run(never, () => Promise.resolve(1))).toBe(1)
})

test('the 514th caller is refused', async () => {
  const queue = createQueue()
  const gate = Promise.withResolvers<void>()
  const runs = Array.from({ length: 513 }, () => queue.run(never, () => gate.promise))
  await expect(queue.run(never, () => gate.promise)).rejects.toMatchObject({ status: 503 })
  gate.resolve()
  await Promise.all(runs)
})
