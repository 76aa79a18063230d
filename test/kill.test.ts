import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFailed, test } from 'vitest'
import { expectInvariants, restless } from './testbed/invariants.ts'
import { People } from './testbed/people.ts'
import { seeded } from './testbed/random.ts'
import { startServerProcess } from './testbed/server-process.ts'
import { program, startStories, type Play } from './testbed/stories.ts'

const kills = 50
const mostJobs = 25
const poolSize = 1
/** Desktops that close at once come and go between the kills; those of an hour stay to the end. */
const desktopSeconds = [1, 1, 1, 1, 3600]

const plays: Play[][] = [
  [{ text: program('print("done")'), pieceMs: 20 }],
  [
    { text: program('print(wrong)'), pieceMs: 5 },
    { text: program('print("right")'), pieceMs: 20 },
  ],
  [{ text: program('import time\n\ntime.sleep(1)\nprint("slept")'), headerAfterMs: 200 }],
  [{ text: 'Well, there is no program in this answer.', pieceMs: 40 }],
]

test(`a server that is killed ${kills} times at any moment loses nothing, doubles nothing and tidies up`, async () => {
  const seed = Number(process.env['VITRINE_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 32))
  await using stories = await startStories()
  await using server = await startServerProcess({
    VITRINE_MODEL_SERVERS: stories.url,
    VITRINE_POOL: String(poolSize),
    VITRINE_CONCURRENCY: '3',
  })
  onTestFailed(() => console.error(`VITRINE_TEST_SEED=${seed}\n${server.warnings()}`))
  const random = seeded(seed)
  const choose = seeded(seed + 2)
  const pick = <T>(all: readonly T[]) => all[Math.floor(choose() * all.length)]!
  const people = new People({
    vitrine: server.vitrine,
    job: (key) => {
      const task = `Do what ${key} says.`
      stories.answer(task, ...pick(plays))
      return { task, limits: { candidates: 3, desktopSeconds: pick(desktopSeconds) } }
    },
    mostJobs,
    pauseMs: 500,
    retryMs: 100,
    random: seeded(seed + 1),
  })

  const acting = people.act()
  for (let n = 0; n < kills; n++) {
    await sleep(random() * 1000)
    await server.kill()
    // One in five is killed while it starts.
    while (random() < 0.2) {
      const starting = server.start().catch(() => {})
      await sleep(random() * 500)
      await server.kill()
      await starting
    }
    await server.start()
  }
  people.leave()
  await acting
  await expect.poll(() => restless(server, poolSize), { timeout: 120_000, interval: 500 }).toEqual([])
  await people.close()
  expect(people.submitted.size).toBeGreaterThan(10)
  await expectInvariants(server, people, poolSize)
}, 900_000)
