import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startChild, type Child } from '../child.ts'
import { load } from './load.ts'
import { median, quantile, type Figure } from '../table.ts'

const callers = [1, 4, 16] as const
const rounds = 7
const callsPerRound = 96
/** Of each caller: a server that has just started runs code that is not compiled yet. */
const warmUpCalls = 60
/** As many tokens in a tenth of a second as a small model writes on a good GPU. */
const tokens = 8

type Sample = { first: number[]; total: number[] }
type Way = 'direct' | 'pipe' | 'gateway'

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
  const sockets = JSON.parse(gateway.told) as string[]
  for (const targets of [sockets.map(() => upstream.told), sockets.map(() => socket), sockets])
    await load({ targets, callsEach: warmUpCalls, tokens })
  const figures: Figure[] = []
  for (const count of callers) {
    const same = (target: string) => Array.from({ length: count }, () => target)
    const targets = { direct: same(upstream.told), pipe: same(socket), gateway: sockets.slice(0, count) }
    figures.push(...compared(count, await measured(targets)))
  }
  return [...figures, ...(await benchProcessor(socket, sockets, pipe, gateway))]
}

async function measured(targets: Record<Way, string[]>): Promise<Record<Way, Sample>> {
  const samples: Record<Way, Sample> = {
    direct: { first: [], total: [] },
    pipe: { first: [], total: [] },
    gateway: { first: [], total: [] },
  }
  for (let round = 0; round < rounds; round++) {
    for (const way of ['direct', 'pipe', 'gateway'] as const) {
      const callsEach = Math.ceil(callsPerRound / targets[way].length / (targets[way].length === 1 ? 4 : 1))
      const timings = await load({ targets: targets[way], callsEach, warmUp: 3, tokens })
      samples[way].first.push(...timings.map((t) => t.received - t.began + t.firstRead - t.firstWrote))
      samples[way].total.push(...timings.map((t) => t.received - t.began + t.ended - t.lastWrote))
    }
  }
  return samples
}

function compared(count: number, samples: Record<Way, Sample>): Figure[] {
  const figures: Figure[] = []
  for (const [part, words] of [
    ['first', 'to the first token'],
    ['total', 'per call'],
  ] as const) {
    const base = median(samples.direct[part])
    const added = (way: Way) => samples[way][part].map((ms) => ms - base)
    const gateway = added('gateway')
    figures.push(
      { what: `${count} at once, ${words}: direct`, values: samples.direct[part], unit: ' ms' },
      { what: '  added by the pipe', values: added('pipe'), unit: ' ms' },
      { what: '  added by the gateway', values: gateway, unit: ' ms' },
      {
        what: '  gateway beside pipe, medians',
        values: [median(gateway) / median(added('pipe'))],
        unit: '',
        goal: 1.5,
      },
    )
    if (count < 16) continue
    figures.push(
      { what: '  added by the pipe, p99', values: [quantile(added('pipe'), 0.99)], unit: ' ms' },
      { what: '  added by the gateway, p99', values: [quantile(gateway, 0.99)], unit: ' ms', goal: 3 },
    )
  }
  return figures
}

/** Whatever else the machine does hardly changes it. */
async function benchProcessor(
  socket: string,
  sockets: string[],
  pipe: Child,
  gateway: Child,
): Promise<Figure[]> {
  const spent = { pipe: [] as number[], gateway: [] as number[] }
  for (let round = 0; round < 5; round++) {
    for (const [name, child, targets] of [
      ['pipe', pipe, sockets.map(() => socket)],
      ['gateway', gateway, sockets],
    ] as const) {
      const before = await child.processorTime()
      const calls = (await load({ targets, callsEach: 25, tokens })).length
      spent[name].push(((await child.processorTime()) - before) / calls)
    }
  }
  return [
    { what: `processor time per call of ${tokens} tokens: pipe`, values: spent.pipe, unit: ' ms' },
    { what: '  gateway, with all that is written down', values: spent.gateway, unit: ' ms' },
  ]
}
