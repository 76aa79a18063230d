import { startChild } from '../child.ts'
import { median, type Figure } from '../table.ts'
import type { Timing } from './callers.ts'
import { startCallers, type Callers } from './load.ts'

const jobs = 4
const callsEach = 5
const rounds = 3

/** 4 jobs of 5 calls, through the gateway to one slot, beside straight to four slots that share the same processor. */
export async function benchQueue(): Promise<Figure[]> {
  await using one = await startChild('gateway/upstream.ts', '100', '20', '1')
  await using four = await startChild('gateway/upstream.ts', '100', '20', '4')
  await using gateway = await startChild('gateway/server.ts', one.told, String(jobs), '1')
  await using callers = await startCallers()
  const sockets = JSON.parse(gateway.told) as string[]
  const straight = Array.from({ length: jobs }, () => four.told)
  const queued = await repeated(() => callers.load({ targets: sockets, callsEach, tokens: 16 }))
  const shared = await repeated(() => callers.load({ targets: straight, callsEach, tokens: 16 }))
  return [
    ...queueFigures('scripted', queued, shared),
    ...(await benchLeaving(callers, one.told, sockets)),
    await benchBusy(callers),
  ]
}

/** What one load through the gateway was like beside the same load sent straight. */
export function queueFigures(
  server: string,
  queued: readonly Timing[][],
  shared: readonly Timing[][],
): Figure[] {
  const queuedMean = queued.map(meanCompletion)
  const sharedMean = shared.map(meanCompletion)
  return [
    { what: `${server}: mean completion, straight to 4 slots`, values: sharedMean, unit: ' ms' },
    { what: '  through the gateway, 1 slot', values: queuedMean, unit: ' ms' },
    {
      what: '  gateway beside straight, calls',
      values: [median(queuedMean) / median(sharedMean)],
      unit: '',
      goal: 0.75,
    },
    {
      what: '  gateway beside straight, jobs (their last calls)',
      values: [median(queued.map(jobsMean)) / median(shared.map(jobsMean))],
      unit: '',
    },
    { what: '  fairness among the jobs (Jain)', values: queued.map(fairness), unit: '', atLeast: 0.9 },
  ]
}

export async function repeated(run: () => Promise<Timing[]>): Promise<Timing[][]> {
  const all: Timing[][] = []
  for (let round = 0; round < rounds; round++) all.push(await run())
  return all
}

/** Milliseconds from the load's begin to each call's end, on average. */
export function meanCompletion(timings: Timing[]): number {
  const began = Math.min(...timings.map((timing) => timing.began))
  return timings.reduce((sum, { ended }) => sum + ended - began, 0) / timings.length
}

/** Milliseconds from the load's begin to each job's end, on average. */
function jobsMean(timings: Timing[]): number {
  const began = Math.min(...timings.map((timing) => timing.began))
  const ends = [...Map.groupBy(timings, ({ caller }) => caller).values()].map((calls) =>
    Math.max(...calls.map(({ ended }) => ended)),
  )
  return ends.reduce((sum, ended) => sum + ended - began, 0) / ends.length
}

/** Jain's index of what each job got of the model: 1 is the same for all, 1/n is all for one. */
function fairness(timings: Timing[]): number {
  const began = Math.min(...timings.map((timing) => timing.began))
  const rates = [...Map.groupBy(timings, ({ caller }) => caller).values()].map(
    (calls) => calls.length / (Math.max(...calls.map(({ ended }) => ended)) - began),
  )
  const sum = rates.reduce((a, b) => a + b, 0)
  return sum ** 2 / (rates.length * rates.reduce((a, b) => a + b * b, 0))
}

/** What is still written for callers that have gone. */
async function benchLeaving(callers: Callers, upstream: string, sockets: string[]): Promise<Figure[]> {
  const written = async () =>
    ((await (await fetch(`${upstream}/written`)).json()) as { written: number }).written
  const tokens = 100
  const before = await written()
  const timings = await callers.load({ targets: sockets.slice(0, 1), callsEach: 10, tokens, leaveAfter: 200 })
  const read = timings.reduce((sum, timing) => sum + timing.tokens, 0)
  const burnt = ((await written()) - before - read) / (timings.length * tokens - read)
  const what = 'of the tokens left to write when a caller leaves, still written'
  return [{ what, values: [burnt], unit: '', goal: 0.02 }]
}

/** A server that refuses every fourth call. */
async function benchBusy(callers: Callers): Promise<Figure> {
  await using busy = await startChild('gateway/upstream.ts', '20', '5', '1', '4')
  await using gateway = await startChild('gateway/server.ts', busy.told, String(jobs), '1')
  const sockets = JSON.parse(gateway.told) as string[]
  const timings = await callers.calls({ targets: sockets, callsEach, tokens: 8 })
  const refused = timings.filter(({ status }) => status === 503).length
  return {
    what: '503s seen by jobs, of a server that refuses every 4th call',
    values: [refused],
    unit: '',
    goal: 0,
  }
}
