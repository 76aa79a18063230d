import { setTimeout as sleep } from 'node:timers/promises'
import type { JobEvent } from '@vitrine/contract/event.ts'
import { isFinal, type Job } from '@vitrine/contract/job.ts'
import { VitrineApiError, VitrineConnectionError } from '@vitrine/sdk/error.ts'
import { expect, onTestFailed, test } from 'vitest'
import { expectInvariants } from './testbed/invariants.ts'
import { seeded } from './testbed/random.ts'
import { startServerProcess, type ServerProcess } from './testbed/server-process.ts'
import { program, startStories, type Play, type Stories } from './testbed/stories.ts'

const kills = 50
const mostJobs = 40
const poolSize = 1
/** Desktops that close at once come and go between the kills; those of an hour stay to the end. */
const hour = 3600

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
  const people = new People(server, stories, seeded(seed + 1))

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
  await expect.poll(() => restless(server), { timeout: 60_000, interval: 500 }).toEqual([])
  await people.close()
  expect(people.submitted.size).toBeGreaterThan(10)
  await expectInvariants(server, people, poolSize)
}, 290_000)

/** What still goes on, in words. */
async function restless(server: ServerProcess): Promise<string[]> {
  const jobs = await Array.fromAsync(server.vitrine.jobs.list())
  const goingOn = jobs.filter(
    (job) => !isFinal(job.state) || job.desktop.state === 'opening' || closesSoon(job),
  )
  const live = jobs.filter(({ desktop }) => desktop.state === 'live').length
  const containers = await server.containers()
  const { ready } = (await server.vitrine.health()).sandboxes
  return [
    ...goingOn.map(({ id, state, desktop }) => `${id} is ${state}, its desktop ${desktop.state}`),
    ...(ready === poolSize ? [] : [`${ready} sandboxes are ready`]),
    ...(containers.length === live + poolSize
      ? []
      : [`${live} desktops are live in ${JSON.stringify(containers)}`]),
  ]
}

const closesSoon = ({ desktop, limits }: Job) => desktop.state === 'live' && limits.desktopSeconds < hour

/** Those who use the server meanwhile: they submit until it is acknowledged, follow, cancel, stop, restart and delete. */
class People {
  readonly submitted = new Map<string, string>()
  readonly deleted = new Set<string>()
  readonly maybeDeleted = new Set<string>()
  readonly followed = new Map<string, JobEvent[]>()
  readonly #server: ServerProcess
  readonly #stories: Stories
  readonly #random: () => number
  readonly #following: Promise<void>[] = []
  readonly #gone = new AbortController()
  #isLeaving = false

  constructor(server: ServerProcess, stories: Stories, random: () => number) {
    this.#server = server
    this.#stories = stories
    this.#random = random
  }

  async act(): Promise<void> {
    while (!this.#isLeaving) {
      await sleep(this.#random() * 500)
      const open = [...this.submitted.values()].filter((id) => !this.deleted.has(id))
      const id = this.#pick(open)
      if (id === undefined || (this.#random() < 0.5 && this.submitted.size < mostJobs)) await this.#submit()
      else await this.#change(id)
    }
  }

  /** No new deeds; what was begun is ended. */
  leave(): void {
    this.#isLeaving = true
  }

  /** Followers stop too. */
  async close(): Promise<void> {
    this.#gone.abort()
    await Promise.all(this.#following)
  }

  async #submit(): Promise<void> {
    const key = `submit-${this.submitted.size}`
    const task = `Do what ${key} says.`
    this.#stories.answer(task, ...this.#pick(plays)!)
    const limits = { candidates: 3, desktopSeconds: this.#random() < 0.8 ? 1 : hour }
    const job = { task, limits, labels: { key } }
    for (;;) {
      try {
        const { id } = await this.#server.vitrine.jobs.create(job, { idempotencyKey: key })
        this.submitted.set(key, id)
        if (this.#random() < 0.3) this.#following.push(this.#follow(id))
        return
      } catch (error) {
        if (!(error instanceof VitrineConnectionError)) throw error
        await sleep(100)
      }
    }
  }

  async #change(id: string): Promise<void> {
    const { jobs } = this.#server.vitrine
    const deed = this.#pick(['cancel', 'stop', 'open', 'restart', 'delete', 'delete'] as const)!
    try {
      await jobs[deed](id)
      if (deed === 'delete') this.deleted.add(id)
    } catch (error) {
      if (error instanceof VitrineConnectionError) {
        if (deed === 'delete') this.maybeDeleted.add(id)
      } else if (error instanceof VitrineApiError && error.status === 404) {
        expect(this.maybeDeleted, 'only what was deleted is gone').toContain(id)
      } else if (!(error instanceof VitrineApiError && error.code === 'conflict')) throw error
    }
  }

  /** Over all kills, to the job's end. */
  async #follow(id: string): Promise<void> {
    const { signal } = this.#gone
    const events: JobEvent[] = []
    this.followed.set(id, events)
    while (!signal.aborted) {
      try {
        const after = events.at(-1)?.seq ?? 0
        for await (const event of this.#server.vitrine.jobs.events(id, { after, signal })) events.push(event)
        return
      } catch (error) {
        const isGone = error instanceof VitrineApiError && error.status === 404
        if (isGone || signal.aborted) return
        if (!(error instanceof VitrineConnectionError)) throw error
        await sleep(100)
      }
    }
  }

  #pick<T>(all: readonly T[]): T | undefined {
    return all[Math.floor(this.#random() * all.length)]
  }
}
