import { SMOLLM } from '../../packages/engine/src/models.ts'
import { startOllama } from '../../test/testbed/ollama.ts'
import { startChild } from '../child.ts'
import type { Timing } from './callers.ts'
import { load } from './load.ts'
import { queueFigures, repeated } from './queue.ts'
import { median, type Figure } from '../table.ts'

const model = SMOLLM.name
const tokens = 32
const rounds = 10
const reporting = { progress: (line: string) => console.error(line) }

/** A real Ollama on this machine's processors: calls one by one, and 4 jobs of 5 calls. */
export async function benchOllama(): Promise<Figure[]> {
  const total: Record<'direct' | 'gateway', number[]> = { direct: [], gateway: [] }
  const queued: Timing[][] = []
  await withOllama('1', async (url) => {
    await using gateway = await startChild('gateway/server.ts', url, '4', '1')
    const sockets = JSON.parse(gateway.told) as string[]
    const one = (target: string) => load({ targets: [target], callsEach: 1, warmUp: 1, tokens, model })
    for (let round = 0; round < rounds; round++) {
      for (const [way, target] of [
        ['direct', url],
        ['gateway', sockets[0]!],
      ] as const)
        total[way].push(...(await one(target)).map(({ began, ended }) => ended - began))
    }
    queued.push(...(await repeated(() => load({ targets: sockets, callsEach: 5, tokens, model }))))
  })
  const shared: Timing[][] = []
  await withOllama('4', async (url) => {
    await load({ targets: [url], callsEach: 1, tokens, model })
    const targets = Array.from({ length: 4 }, () => url)
    shared.push(...(await repeated(() => load({ targets, callsEach: 5, tokens, model }))))
  })
  return [
    { what: `Ollama: a call of ${tokens} tokens, direct`, values: total.direct, unit: ' ms' },
    { what: '  through the gateway', values: total.gateway, unit: ' ms' },
    {
      what: '  gateway beside direct, medians',
      values: [median(total.gateway) / median(total.direct)],
      unit: '',
      goal: 1.01,
    },
    ...queueFigures('Ollama', queued, shared),
  ]
}

async function withOllama(parallel: string, use: (url: string) => Promise<void>): Promise<void> {
  process.env['OLLAMA_NUM_PARALLEL'] = parallel
  const ollama = await startOllama(reporting)
  try {
    await use(ollama.url)
  } finally {
    await ollama.stop()
  }
}
