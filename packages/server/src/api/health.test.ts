import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { readHealth, type HealthParts } from './health.ts'

const well: HealthParts = {
  version: '1',
  stateDir: tmpdir(),
  runtime: async () => ({
    engine: { ok: true, message: 'It answers.' },
    image: { ok: true, message: 'It is there.', name: 'sandbox' },
  }),
  model: async () => ({ ok: true, message: 'It is served.', name: 'm:1b' }),
  sandboxes: () => ({ ready: 1, busy: 0, poolSize: 1, concurrency: 2 }),
  queued: async () => 3,
}
const read = (parts: Partial<HealthParts>) => readHealth({ ...well, ...parts }, new AbortController().signal)

test('what is well needs no fix', async () => {
  const { engine, image, model, sandbox, queued } = await read({})
  expect([engine, image, model, sandbox].map(({ ok, fix }) => [ok, fix])).toEqual(
    Array.from({ length: 4 }, () => [true, null]),
  )
  expect(queued).toBe(3)
})

test('what is not well tells what to do', async () => {
  const { engine, image, model, sandbox } = await read({
    runtime: async () => ({
      engine: { ok: false, message: 'It is away.' },
      image: { ok: false, message: 'Not known.', name: 'sandbox' },
    }),
    model: async () => ({ ok: false, message: 'It is away.', name: 'm:1b' }),
    sandboxes: () => ({ ready: 0, busy: 0, poolSize: 1, concurrency: 2 }),
  })
  expect(engine.fix).toContain('Docker Engine')
  expect(image.fix).toContain('./vitrine up')
  expect(model.fix).toContain('./vitrine models pull m:1b')
  expect(sandbox).toMatchObject({ ok: false, fix: expect.stringContaining('server.log') as string })
})

test('a pool of none is no fault', async () => {
  const { sandbox } = await read({ sandboxes: () => ({ ready: 0, busy: 0, poolSize: 0, concurrency: 2 }) })
  expect(sandbox.ok).toBe(true)
})
