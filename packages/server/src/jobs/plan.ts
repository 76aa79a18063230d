import { isFinal, type Reason, type Waiting } from '@vitrine/contract/job.ts'
import { limits } from '@vitrine/contract/limits.ts'
import type { ObservedSandbox } from '../runtimes/runtime.ts'
import type { StoredJob } from '../store/jobs.ts'
import { atPlace } from './place.ts'

/** One sandbox as the server knows it: what the runtime sees of it, and its link. */
export type Sandbox = ObservedSandbox & {
  /** `ready`: its agent is linked and its desktop's banner was read. */
  link: 'none' | 'ready'
  /** How long there has been no link, in milliseconds; 0 while there is one. */
  linkLost: number
  /** How its agent broke the link's protocol; null while it has not. */
  breach: string | null
  /** Started for the pool by this server and not handed to a job. */
  pooled: boolean
}

export type World = {
  /** Those for which something is left to do, the oldest first. */
  jobs: readonly StoredJob[]
  sandboxes: ReadonlyMap<string, Sandbox>
  /** False while the runtime does not answer: what `sandboxes` lacks may still be there. */
  runtimeAnswers: boolean
  /** False for a while after sandboxes for the pool failed to start. */
  poolMayGrow: boolean
  poolSize: number
  concurrency: number
  now: number
  /** Since when this server looks after them. */
  since: number
  /** Ids of jobs and sandboxes that an earlier action is still working on. */
  busy: ReadonlySet<string>
}

export type Action =
  | { do: 'claim'; job: StoredJob; sandbox: string }
  | { do: 'start'; job: StoredJob }
  | { do: 'assign'; job: StoredJob; sandbox: string }
  | { do: 'retry'; job: StoredJob; message: string }
  | { do: 'fail'; job: StoredJob; reason: Reason }
  | { do: 'wait'; job: StoredJob; waiting: Waiting | null }
  | { do: 'close'; job: StoredJob; message: string }
  | { do: 'retire'; job: StoredJob }
  | { do: 'purge'; jobs: readonly StoredJob[] }
  | { do: 'fill' }
  | { do: 'remove'; sandbox: string }

/** A sandbox that has not linked by then will not. */
export const linkMilliseconds = 60_000
/** The agent keeps the time limit itself; the server steps in where it does not. */
const graceMilliseconds = 30_000
/** The pool lets a desktop that has just been opened go first: a new sandbox takes a small machine's processors. */
const poolWaitsMilliseconds = 1000
/** Failed starts of one run before it is given up; with the back-off between them about two minutes. */
const maxAttempts = 8

/**
 * What is to be done now, from what is wanted and what is there. Pure, and level-triggered: whatever was lost on the
 * way, the next plan asks for it again.
 */
export function plan(world: World): Action[] {
  const held = new Set(world.jobs.flatMap(({ sandbox, life }) => [sandbox, life.previous?.sandbox]))
  const unheld = [...world.sandboxes.values()].filter(({ id }) => !held.has(id))
  const free = unheld.filter((box) => isFree(box, world)).map(({ id }) => id)
  const deleted = world.jobs.filter(({ id, deleting }) => deleting && !world.busy.has(id))

  const actions: Action[] = deleted.length > 0 ? [{ do: 'purge', jobs: deleted }] : []
  const taken = world.jobs.filter(({ state }) => state === 'starting' || state === 'running').length
  let slots = Math.max(0, world.concurrency - taken)
  for (const job of world.jobs) {
    if (world.busy.has(job.id) || job.deleting) continue
    if (job.life.previous) {
      actions.push({ do: 'retire', job })
      continue
    }
    // Its place among those that wait for a slot; 0 or less: it has one.
    const place = 1 - slots
    if (wantsSandbox(job)) actions.push(...planSandbox(job, free, world, place))
    else if (job.sandbox) actions.push(...planHeld(job, job.sandbox, world, place))
    if (job.state === 'queued') slots--
  }

  const claimed = new Set(actions.flatMap((action) => (action.do === 'claim' ? [action.sandbox] : [])))
  const unclaimed = unheld.filter(({ id }) => !claimed.has(id))
  const opens =
    actions.some((action) => action.do === 'claim' || action.do === 'start') ||
    world.jobs.some((job) => isOpening(job, world))
  return [...actions, ...planPool(unclaimed, opens, world)]
}

function wantsSandbox(job: StoredJob): boolean {
  return job.sandbox === null && (job.state === 'queued' || job.desktop === 'opening')
}

/** The pool's sandboxes have the default size. */
function takesPooled({ request: { limits: wanted } }: StoredJob): boolean {
  return wanted.memoryMiB === limits.memoryMiB.default && wanted.cpus === limits.cpus.default
}

function isFree(box: Sandbox, { busy }: World): boolean {
  return (
    box.pooled && box.state === 'running' && box.link === 'ready' && box.breach === null && !busy.has(box.id)
  )
}

/** For a job that has no sandbox and wants one: the first of those that are free, or a new one. */
function planSandbox(job: StoredJob, free: string[], world: World, place: number): Action[] {
  if (!isFinal(job.state) && place > 0) return waitForSlot(job, place)
  const isDue = job.life.notBefore <= world.now
  const ready = isDue && takesPooled(job) ? free.shift() : undefined
  if (ready) return [{ do: 'claim', job, sandbox: ready }]
  if (!world.runtimeAnswers) {
    return wait(job, { for: 'sandbox', message: 'the container engine does not answer' })
  }
  return isDue ? [{ do: 'start', job }] : []
}

/** For a job that holds a sandbox. One that is queued has a follow-up, and waits for its turn like all others. */
function planHeld(job: StoredJob, id: string, world: World, place: number): Action[] {
  const box = world.sandboxes.get(id)
  if (!box && !world.runtimeAnswers) return []
  const lost = whyLost(job, box, world)
  if (isFinal(job.state)) {
    if (lost) return [{ do: 'close', job, message: lost.message }]
    if (job.life.closing) return [{ do: 'close', job, message: 'closed on request' }]
    if ((job.life.expiresAt ?? Infinity) <= world.now) {
      return [{ do: 'close', job, message: 'its time was over' }]
    }
  }
  if (lost && job.state === 'starting' && job.desktop === 'opening') {
    return job.life.attempts + 1 < maxAttempts
      ? [{ do: 'retry', job, message: lost.message }]
      : [{ do: 'fail', job, reason: { code: 'sandbox_failed', message: lost.message } }]
  }
  if (lost) return [{ do: 'fail', job, reason: lost }]
  if (workedFor(job, world) > job.request.limits.seconds * 1000 + graceMilliseconds) {
    const message = `The work took longer than its limit of ${job.request.limits.seconds} s.`
    return [{ do: 'fail', job, reason: { code: 'time_limit', message } }]
  }
  if (box?.state === 'paused') {
    return wait(job, { for: 'sandbox', message: 'the sandbox was paused by hand; it goes on when unpaused' })
  }
  if (job.state === 'queued' && place > 0) return waitForSlot(job, place)
  if (box?.link === 'ready' && wantsAssignment(job)) return [{ do: 'assign', job, sandbox: id }]
  return job.life.waiting?.for === 'sandbox' && job.state === 'running' ? wait(job, null) : []
}

function wantsAssignment({ state, desktop }: StoredJob): boolean {
  return state === 'queued' || state === 'starting' || (isFinal(state) && desktop === 'opening')
}

/**
 * Milliseconds since the work began, without those spent waiting for the model. What went on while no server was there it
 * can't tell: the agent kept the limit then, and tells what came of it when it is linked again.
 */
function workedFor({ state, life }: StoredJob, { now, since }: World): number {
  if (state !== 'running' || life.startedAt === null) return 0
  return (life.waitingSince ?? now) - Math.max(life.startedAt, since) - life.waited
}

function whyLost(job: StoredJob, box: Sandbox | undefined, world: World): Reason | null {
  if (!box) return { code: 'sandbox_lost', message: 'The sandbox is gone: somebody or something removed it.' }
  if (box.state === 'exited' && box.outOfMemory) {
    const message = `The sandbox ran out of its ${job.request.limits.memoryMiB} MiB of memory.`
    return { code: 'out_of_memory', message }
  }
  if (box.state === 'exited') {
    return { code: 'sandbox_lost', message: `The sandbox ended with exit code ${box.exitCode ?? 'unknown'}.` }
  }
  if (box.breach !== null) return { code: 'agent_error', message: box.breach }
  if (box.state !== 'paused' && box.linkLost > linkMilliseconds && !world.busy.has(box.id)) {
    return {
      code: 'agent_error',
      message: `The sandbox's agent has not answered for ${linkMilliseconds / 1000} s.`,
    }
  }
  return null
}

/** Told once: as the job moves up, its place is read where somebody asks. */
const waitForSlot = (job: StoredJob, place: number) =>
  job.life.waiting?.for === 'slot' ? [] : wait(job, atPlace(place))

function wait(job: StoredJob, waiting: Waiting | null): Action[] {
  return job.life.waiting?.message === waiting?.message ? [] : [{ do: 'wait', job, waiting }]
}

/** True for a job whose desktop is on its way to its viewers. */
function isOpening({ desktop, life: { startedAt } }: StoredJob, { now }: World): boolean {
  return desktop === 'opening' || (startedAt !== null && Math.abs(now - startedAt) < poolWaitsMilliseconds)
}

function planPool(unheld: readonly Sandbox[], opening: boolean, world: World): Action[] {
  const healthy = unheld.filter(
    (box) =>
      box.pooled &&
      box.state !== 'exited' &&
      box.state !== 'paused' &&
      box.breach === null &&
      box.linkLost <= linkMilliseconds,
  )
  const spare = healthy.slice(world.poolSize)
  const unwanted = [...unheld.filter((box) => !healthy.includes(box)), ...spare]
  const actions: Action[] = unwanted
    .filter(({ id }) => !world.busy.has(id))
    .map(({ id }) => ({ do: 'remove', sandbox: id }))
  const mayGrow = world.runtimeAnswers && world.poolMayGrow && !opening
  const missing = mayGrow ? world.poolSize - healthy.length : 0
  for (let n = 0; n < missing; n++) actions.push({ do: 'fill' })
  return actions
}
