import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Links } from '../links/links.ts'
import { fakeRuntime } from '../runtimes/fake.ts'
import { Fleet } from './fleet.ts'

test('a sandbox that is being started stays known, though a listing has it not yet', async () => {
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'vitrine-test-'))
  stack.defer(() => rm(folder, { recursive: true }))
  const links = stack.use(
    new Links({ folder, serve: async () => {}, tunnel: async () => {}, onLink: () => {} }),
  )
  const go = Promise.withResolvers<void>()
  const runtime = stack.use(fakeRuntime())
  const create: typeof runtime.create = async (...spec) => {
    await go.promise
    await runtime.create(...spec)
  }
  const fleet = new Fleet({ ...runtime, create }, links)
  const { signal } = new AbortController()

  const starting = fleet.start('sbx-000000000001', { memoryMiB: 1024, cpus: 1 }, true, signal)
  await fleet.refresh(signal)
  expect(fleet.view().get('sbx-000000000001')).toMatchObject({ state: 'starting', pooled: true })
  go.resolve()
  await starting
  await fleet.refresh(signal)
  expect(fleet.view().get('sbx-000000000001')).toMatchObject({ state: 'running', pooled: true })
})
