import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { JobEvent } from '@vitrine/contract/event.ts'
import {
  desktopMoves,
  isFinal,
  jobMoves,
  type DesktopState,
  type Job,
  type JobState,
} from '@vitrine/contract/job.ts'
import { expect } from 'vitest'
import type { ServerProcess } from './server-process.ts'

export type Looked = Pick<ServerProcess, 'vitrine' | 'containers' | 'stateDir'>

/** What a test knows of a server's jobs from the answers it got. */
export type Known = {
  /** Idempotency keys of acknowledged submits; each is also the job's label `key`. */
  submitted: ReadonlyMap<string, string>
  /** Ids whose deletion was acknowledged, and those where the answer was lost. */
  deleted: ReadonlySet<string>
  maybeDeleted: ReadonlySet<string>
  /** Events as a follower got them, from the first on. */
  followed: ReadonlyMap<string, readonly JobEvent[]>
}

/**
 * Looks at a server that has come to rest from outside (API, event logs, `docker ps`, its folders) and throws where one of
 * the invariants of the project does not hold: I1 to I6 and I8.
 */
export async function expectInvariants(server: Looked, known: Known, poolSize: number): Promise<void> {
  const jobs = await Array.fromAsync(server.vitrine.jobs.list())
  expectEachSubmitOnce(jobs, known)
  for (const job of jobs) {
    const events = await Array.fromAsync(server.vitrine.jobs.events(job.id, { follow: false }))
    expectLegalHistory(job, events)
    const followed = known.followed.get(job.id) ?? []
    expect(events.slice(0, followed.length), `${job.id}: what was followed is stored`).toEqual(followed)
    await expectFiles(server, job, events)
  }
  await expectSandboxes(server, jobs, poolSize)
}

/** What still goes on, in words: a server that has come to rest has none of it. Desktops of an hour stay. */
export async function restless(server: Looked, poolSize: number): Promise<string[]> {
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

const closesSoon = ({ desktop, limits }: Job) => desktop.state === 'live' && limits.desktopSeconds < 3600

/** I1, and nothing that nobody asked for. */
function expectEachSubmitOnce(jobs: readonly Job[], { submitted, deleted, maybeDeleted }: Known): void {
  const found = new Map(jobs.map((job) => [job.id, job.labels['key']]))
  expect(new Set(found.values()).size, 'no submit made two jobs').toBe(jobs.length)
  for (const [key, id] of submitted) {
    if (deleted.has(id)) expect(found.has(id), `${id} was deleted`).toBe(false)
    else if (!maybeDeleted.has(id)) expect(found.get(id), `${id} was acknowledged`).toBe(key)
  }
  const ids = new Set(submitted.values())
  expect(jobs.filter(({ id }) => !ids.has(id)).map(({ id }) => id)).toEqual([])
}

/** I2, I3: numbers without gaps, and only moves that the contract's tables have. */
function expectLegalHistory(job: Job, events: readonly JobEvent[]): void {
  expect(
    events.map(({ seq }) => seq),
    `${job.id}: event numbers`,
  ).toEqual(events.map((_, index) => index + 1))
  let state: JobState | null = null
  let desktop: DesktopState = 'closed'
  let run = 1
  for (const event of events) {
    const what = `${job.id}, event ${event.seq}`
    if (event.type === 'job.state') {
      const { from, to } = event.data
      expect(from, what).toBe(state)
      const isRestart = state !== null && isFinal(state) && to === 'queued'
      if (isRestart) expect(event.run, what).toBe(run + 1)
      else if (state !== null) expect(jobMoves[state], what).toContain(to)
      else expect(to, what).toBe('queued')
      state = to
      run = event.run
    }
    if (event.type === 'desktop.state') {
      expect(event.data.from, what).toBe(desktop)
      expect(desktopMoves[desktop], what).toContain(event.data.to)
      desktop = event.data.to
    }
    expect(event.run, what).toBeLessThanOrEqual(run)
  }
  expect({ state, desktop, run }, `${job.id}: its log tells what it is`).toEqual({
    state: job.state,
    desktop: job.desktop.state,
    run: job.run,
  })
  const verdicts = events.filter((event) => event.type === 'verdict')
  expect(new Set(verdicts.map(({ run }) => run)).size, `${job.id}: one verdict a run`).toBe(verdicts.length)
}

/** I6: what was told to be kept can be read. */
async function expectFiles(server: Looked, job: Job, events: readonly JobEvent[]): Promise<void> {
  const kept = events.findLast((event) => event.type === 'files.kept' && event.data.files > 0)
  if (job.verdict?.program == null || kept?.run !== job.run) return
  const { files } = await server.vitrine.jobs.files.list(job.id)
  expect(
    files.map(({ path }) => path),
    job.id,
  ).toContain(job.verdict.program)
}

/** I4, I5, I8: sandboxes, links, files and counters are those of the jobs and of the pool. */
async function expectSandboxes(server: Looked, jobs: readonly Job[], poolSize: number): Promise<void> {
  const containers = await server.containers()
  const name = (job: string, run: number) => `${job}, run ${run}`
  const working = jobs.filter(({ desktop }) => desktop.state === 'live').map(({ id, run }) => name(id, run))
  const assigned = containers.flatMap(({ assignment }) =>
    assignment ? [name(assignment.job, assignment.run)] : [],
  )
  expect(assigned.toSorted(), 'a sandbox for each live desktop').toEqual(working.toSorted())
  expect(containers.length - assigned.length, 'sandboxes without a job').toBe(poolSize)
  expect((await server.vitrine.health()).sandboxes).toMatchObject({ ready: poolSize, busy: working.length })

  const links = await readdir(join(server.stateDir, 'links'))
  expect(links.toSorted(), 'a link folder for each sandbox').toEqual(
    containers.map(({ sandbox }) => sandbox).toSorted(),
  )
  const ids = new Set(jobs.map(({ id }) => id))
  const files = await readdir(join(server.stateDir, 'files')).catch(() => [])
  expect(
    files.filter((id) => !ids.has(id)),
    'files of jobs that are no more',
  ).toEqual([])
}
