import { SMOLLM } from '../../packages/engine/src/models.ts'
import { startOllama } from '../../test/testbed/ollama.ts'
import { startChild } from '../child.ts'
import type { Figure } from '../table.ts'
import type { Timing } from './callers.ts'
import { startCallers } from './load.ts'
import { meanCompletion, queueFigures, repeated } from './queue.ts'

const model = SMOLLM.name
const tokens = 32
/** As many as a small program has. */
const wholeTokens = 128
const rounds = 30
const reporting = { progress: (line: string) => console.error(line) }

/** A real Ollama on this machine's processors: the same call straight and through the gateway in turns, and 4 jobs of 5 calls. */
export async function benchOllama(): Promise<Figure[]> {
  const total: Record<'direct' | 'gateway', number[]> = { direct: [], gateway: [] }
  const queued: Timing[][] = []
  await using callers = await startCallers()
  await withOllama('1', async (url) => {
    await using gateway = await startChild('gateway/server.ts', url, '4', '1', model)
    const sockets = JSON.parse(gateway.told) as string[]
    const targets = { direct: url, gateway: sockets[0]! }
    for (let round = 0; round < rounds; round++) {
      const lengths = []
      const ways = ['direct', 'gateway'] as const
      for (const way of round % 2 === 0 ? ways : ways.toReversed()) {
        const warmUp = round === 0 ? 1 : 0
        const load = { targets: [targets[way]], callsEach: 1, warmUp, tokens: wholeTokens, model }
        const [timing] = await callers.load(load)
        total[way].push(timing!.ended - timing!.began)
        lengths.push(timing!.tokens)
      }
      const [direct, gateway] = [total.direct.at(-1)!, total.gateway.at(-1)!].map(Math.round)
      reporting.progress(
        `call ${round + 1} of ${rounds}: ${direct} ms straight, ${gateway} ms through the gateway`,
      )
      if (lengths[0] !== lengths[1]) throw new Error(`The answers had ${lengths.join(' and ')} tokens.`)
    }
    queued.push(...(await repeated(() => callers.load({ targets: sockets, callsEach: 5, tokens, model }))))
  })
  const shared: Timing[][] = []
  const inSlots: Timing[][] = []
  await withOllama('4', async (url) => {
    await using gateway = await startChild('gateway/server.ts', url, '4', '4', model)
    await callers.load({ targets: [url], callsEach: 1, tokens, model })
    const straight = Array.from({ length: 4 }, () => url)
    shared.push(...(await repeated(() => callers.load({ targets: straight, callsEach: 5, tokens, model }))))
    const targets = JSON.parse(gateway.told) as string[]
    inSlots.push(...(await repeated(() => callers.load({ targets, callsEach: 5, tokens, model }))))
  })
  const ratios = total.gateway.map((ms, n) => ms / total.direct[n]!)
  return [
    { what: `Ollama: a call of ${wholeTokens} tokens, direct`, values: total.direct, unit: ' ms' },
    { what: '  through the gateway', values: total.gateway, unit: ' ms' },
    { what: '  gateway beside direct, call by call', values: ratios, unit: '', goal: 1.01 },
    {
      what: '  gateway beside direct, all calls',
      values: [sum(total.gateway) / sum(total.direct)],
      unit: '',
    },
    ...queueFigures('Ollama', queued, shared),
    {
      what: '  mean completion through the gateway, 4 slots',
      values: inSlots.map(meanCompletion),
      unit: ' ms',
    },
  ]
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)

async function withOllama(parallel: string, use: (url: string) => Promise<void>): Promise<void> {
  process.env['OLLAMA_NUM_PARALLEL'] = parallel
  const ollama = await startOllama(reporting)
  try {
    await use(ollama.url)
  } finally {
    await ollama.stop()
  }
}
