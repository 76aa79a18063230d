import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startChild } from '../child.ts'
import { median, quantile, type Figure } from '../table.ts'
import { startCallers } from './load.ts'

const plans = [
  { callers: 1, callsEach: 10, rounds: 15 },
  { callers: 4, callsEach: 6, rounds: 12 },
  { callers: 16, callsEach: 6, rounds: 12 },
]
/** Of each caller: a server that has just started runs code that is not compiled yet. */
const warmUpCalls = 25
/** As many tokens in a tenth of a second as a small model writes on a good GPU. */
const tokens = 8
const apart = 100

const ways = ['direct', 'pipe', 'gateway'] as const
type Way = (typeof ways)[number]
/** Milliseconds of each call, but for processor time: that is of each round's calls, on average. */
type Sample = { first: number[]; whole: number[]; processor: number[] }

/**
 * What a way to the model server costs beyond the server's own time: from the call to when it came there, and from when the
 * first or the last token was written to when it was read. The ways take turns; every part is a process of its own.
 */
export async function benchLatency(): Promise<Figure[]> {
  await using upstream = await startChild('gateway/upstream.ts', '20', '10', '16')
  const folder = await mkdtemp(join(tmpdir(), 'vitrine-bench-'))
  await using _ = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
  const socket = join(folder, 'pipe.sock')
  await using pipe = await startChild('gateway/pipe.ts', socket, upstream.told)
  await using gateway = await startChild('gateway/server.ts', upstream.told, '16', '16')
  await using callers = await startCallers()
  const sockets = JSON.parse(gateway.told) as string[]
  const targets: Record<Way, string[]> = {
    direct: sockets.map(() => upstream.told),
    pipe: sockets.map(() => socket),
    gateway: sockets,
  }
  const server = { direct: upstream, pipe, gateway }
  for (const way of ways) await callers.load({ targets: targets[way], callsEach: warmUpCalls, tokens })

  const figures: Figure[] = []
  for (const { callers: count, callsEach, rounds } of plans) {
    const samples: Record<Way, Sample> = { direct: sample(), pipe: sample(), gateway: sample() }
    for (let round = 0; round < rounds; round++) {
      for (const way of ways) {
        const before = await server[way].processorTime()
        const load = { targets: targets[way].slice(0, count), callsEach, warmUp: 1, tokens, apart }
        const timings = await callers.load(load)
        const { first, whole, processor } = samples[way]
        first.push(...timings.map((t) => t.received - t.began + t.firstRead - t.firstWrote))
        whole.push(...timings.map((t) => t.received - t.began + t.ended - t.lastWrote))
        processor.push(((await server[way].processorTime()) - before) / timings.length)
      }
    }
    figures.push(...compared(count, samples))
  }
  return figures
}

const sample = (): Sample => ({ first: [], whole: [], processor: [] })

function compared(count: number, samples: Record<Way, Sample>): Figure[] {
  const figures: Figure[] = []
  const callers = count === 1 ? '1 caller' : `${count} callers`
  for (const [part, words] of [
    ['first', 'to the first token'],
    ['whole', 'per call'],
  ] as const) {
    const base = median(samples.direct[part])
    const pipe = samples.pipe[part].map((ms) => ms - base)
    const gateway = samples.gateway[part].map((ms) => ms - base)
    figures.push(
      { what: `${callers}, ${words}: direct`, values: samples.direct[part], unit: ' ms' },
      { what: '  added by the pipe', values: pipe, unit: ' ms' },
      { what: '  added by the gateway', values: gateway, unit: ' ms' },
      { what: '  gateway beside pipe', values: [median(gateway) / median(pipe)], unit: '', goal: 1.5 },
    )
    if (count < 16) continue
    figures.push(
      { what: '  added by the pipe, p99', values: [quantile(pipe, 0.99)], unit: ' ms' },
      { what: '  added by the gateway, p99', values: [quantile(gateway, 0.99)], unit: ' ms', goal: 3 },
      {
        what: `  processor time per call of ${tokens} tokens: pipe`,
        values: samples.pipe.processor,
        unit: ' ms',
      },
      { what: '  gateway', values: samples.gateway.processor, unit: ' ms' },
    )
  }
  return figures
}
