import { setTimeout as sleep } from 'node:timers/promises'
import type { Vitrine } from '@vitrine/sdk/vitrine.ts'
import type { FakeRuntime } from '@vitrine/server/runtimes/fake.ts'
import { writeAndPass, type FakeScript } from '@vitrine/server/runtimes/fake/script.ts'
import { expect, onTestFailed, test } from 'vitest'
import { expectInvariants, restless } from './testbed/invariants.ts'
import { startMortalServer } from './testbed/mortal-server.ts'
import { People } from './testbed/people.ts'
import { seeded } from './testbed/random.ts'

const kills = 1000
const poolSize = 2
const desktopSeconds = [1, 1, 1, 1, 3600]

test(`a server that is killed ${kills} times before any of its steps loses nothing, doubles nothing and tidies up`, async () => {
  const seed = Number(process.env['VITRINE_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 32))
  onTestFailed(() => console.error(`VITRINE_TEST_SEED=${seed}`))
  const random = seeded(seed)
  await using server = await startMortalServer(
    { VITRINE_POOL: String(poolSize), VITRINE_CONCURRENCY: '4', VITRINE_RECORD: 'off' },
    playing(seeded(seed + 1)),
  )
  const pick = seeded(seed + 2)
  const people = new People({
    vitrine: server.vitrine,
    job: (key) => ({
      task: `Do what ${key} says.`,
      limits: { desktopSeconds: desktopSeconds[Math.floor(pick() * desktopSeconds.length)]! },
    }),
    mostJobs: 40,
    pauseMs: 30,
    retryMs: 5,
    random: seeded(seed + 3),
  })
  const acting = people.act()
  for (let n = 0; n < kills; n++) {
    if (random() < 0.05) await hurt(server.runtime, random)
    await server.live(stepsToLive(random), 400)
  }
  await server.liveOn()
  people.leave()
  await acting
  await expect.poll(() => restless(server, poolSize), { timeout: 120_000, interval: 500 }).toEqual([])
  await people.close()
  expect(people.submitted.size).toBeGreaterThan(50)
  await expectInvariants(server, people, poolSize)
  await expectOwnFiles(server.vitrine)
}, 1_800_000)

/** A start takes about fifty steps; a job from its submission to its kept files some hundred. */
function stepsToLive(random: () => number): number {
  const kind = random()
  const most = kind < 0.3 ? 50 : kind < 0.9 ? 150 : 600
  return Math.floor(random() * most)
}

/** Each job saves what it was asked; some quickly, some piece by piece, some in vain. */
function playing(random: () => number): FakeScript {
  return async (work) => {
    const { assignment, signal, tell, save } = work
    if (assignment.mode === 'show') return writeAndPass(work)
    const kind = random()
    const pieces = kind < 0.4 ? 0 : kind < 0.9 ? 8 : 40
    for (let piece = 0; piece < pieces; piece++) {
      tell({ type: 'candidate.text', data: { candidate: 1, text: `piece ${piece} ` } })
      await sleep(random() * 50, undefined, { signal })
    }
    save('program.py', assignment.task)
    const program = 'program.py'
    tell({ type: 'file.saved', data: { path: program, bytes: assignment.task.length } })
    const outcome = random() < 0.8 ? 'ran' : 'failed'
    tell({
      type: 'verdict',
      data: { verdict: { outcome, program, candidate: 1, candidates: 1, checks: [] }, reason: null },
    })
  }
}

/** Does to a sandbox or to the engine what hands and kernels do. */
async function hurt(runtime: FakeRuntime, random: () => number): Promise<void> {
  const sandboxes = await runtime.list(AbortSignal.timeout(10_000))
  const victim = sandboxes[Math.floor(random() * sandboxes.length)]
  const kind = random()
  if (!victim || kind < 0.25) return runtime.failNextCreate('There is no room on the engine’s disk.')
  if (kind < 0.5) return runtime.vanish(victim.id)
  if (kind < 0.75) return runtime.exit(victim.id, { exitCode: 137, outOfMemory: random() < 0.5 })
  runtime.pause(victim.id)
  await sleep(random() * 100)
  runtime.resume(victim.id)
}

/** I7: a job's files are its own. Some have none: their sandboxes were gone before their files were kept. */
async function expectOwnFiles({ jobs }: Vitrine): Promise<void> {
  let read = 0
  for await (const { id, task } of jobs.list({ state: ['succeeded', 'failed'] })) {
    for (const { path } of (await jobs.files.list(id)).files) {
      expect(await (await jobs.files.read(id, path)).text(), id).toBe(task)
      read++
    }
  }
  expect(read).toBeGreaterThan(3)
}
