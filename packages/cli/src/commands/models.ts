import type { Vitrine } from '@vitrine/sdk/vitrine.ts'
import { command } from '../command.ts'
import type { Context } from '../context.ts'
import { CliError } from '../exit.ts'
import { harmlessJson, oneLine } from '../harmless.ts'
import { progress } from '../setup/model.ts'
import { table } from '../table.ts'

export const models = command({
  name: 'models',
  summary: 'Lists the models that jobs can use; `models pull <name>` has the model server download one.',
  arguments: '[pull] [name]',
  options: {},
  run: async ({ values, positionals: [verb, name] }, context) => {
    const vitrine = await context.connect()
    const json = values.json === true
    if (verb === undefined) return list(vitrine, json, context)
    if (verb !== 'pull' || name === undefined) {
      throw new CliError(
        'usage',
        'write ./vitrine models, or ./vitrine models pull <name>, such as qwen3:0.6b',
      )
    }
    return pull(vitrine, name, json, context)
  },
})

async function list(vitrine: Vitrine, json: boolean, { out, signal }: Context): Promise<number> {
  const all = await vitrine.models.list({ signal })
  const rows = all.map(({ name, bytes, contextLength, memory, default: isDefault, loaded, capabilities }) => [
    oneLine(name),
    `${Math.round(bytes / 1e6)} MB`,
    contextLength === null ? '' : String(contextLength),
    memory ? processors(memory.gpuShare) : loaded ? 'loaded' : '',
    [isDefault ? 'default' : '', ...capabilities].filter((word) => word !== '').join(', '),
  ])
  const header = ['NAME', 'SIZE', 'CONTEXT', 'LOADED', '']
  out(json ? `${harmlessJson(all, 2)}\n` : table([header, ...rows]))
  return 0
}

/** As `ollama ps` says it. */
function processors(gpuShare: number): string {
  const gpu = Math.round(gpuShare * 100)
  if (gpu === 0) return '100% CPU'
  return gpu === 100 ? '100% GPU' : `${100 - gpu}%/${gpu}% CPU/GPU`
}

async function pull(vitrine: Vitrine, name: string, json: boolean, context: Context): Promise<number> {
  for await (const told of vitrine.models.pull(name, { signal: context.signal })) {
    if (json) context.out(`${harmlessJson(told)}\n`)
    else context.report.update(progress(told))
  }
  if (!json) context.report.say(`${oneLine(name)} is there.`)
  return 0
}
