import { setTimeout as sleep } from 'node:timers/promises'
import { VitrineError } from '@vitrine/contract/error.ts'
import type { ModelEntry } from '@vitrine/contract/routes/models.ts'
import type { Health } from '@vitrine/contract/server.ts'
import type { CallParts } from './call.ts'
import type { Caller } from './caller.ts'
import { fullName, type Catalog, type ListedModel, type ShownModel } from './catalog.ts'
import type { Fleet } from './fleet.ts'
import { GatewayError } from './gateway-error.ts'

/** A list is asked for anew at most once a second. */
const againMs = 1000

/** What the model servers have, each model once. Throws a VitrineError `unavailable` where none of them answers. */
export async function listModels(fleet: Fleet, defaultModel: string): Promise<ModelEntry[]> {
  await fleet.refresh()
  const catalogs = answering(fleet)
  if (catalogs.length === 0) throw new VitrineError('unavailable', away(fleet))
  return Promise.all(
    everyModel(fleet, 'models').map(async ({ name, size }) => {
      const { capabilities, model_info } = await showModel(fleet, name)
      return {
        name,
        bytes: size,
        loaded: catalogs.some((catalog) => catalog.isLoaded(name)),
        default: fullName(name) === fullName(defaultModel),
        capabilities,
        contextLength: contextLength(model_info),
        memory: memory(
          everyModel(fleet, 'loaded').find((loaded) => fullName(loaded.name) === fullName(name)),
        ),
      }
    }),
  )
}

/** Of the model's own metadata, such as `qwen3.context_length`. */
function contextLength(info: ShownModel['model_info']): number | null {
  const length = Object.entries(info).find(([key]) => key.endsWith('.context_length'))?.[1]
  return typeof length === 'number' ? length : null
}

/** Of `/api/ps`: `size_vram` is the part that graphics memory holds. */
function memory(loaded: ListedModel | undefined): ModelEntry['memory'] {
  if (!loaded) return null
  const { size, size_vram = 0, context_length = null } = loaded
  return {
    bytes: size,
    gpuShare: size > 0 ? Math.min(1, size_vram / size) : 0,
    contextLength: context_length,
  }
}

/** Whether jobs can have the default model now, in words that tell what to do where they can't. */
export async function modelHealth(fleet: Fleet, name: string): Promise<Omit<Health['model'], 'fix'>> {
  await fleet.refresh()
  if (answering(fleet).length === 0) return { ok: false, name, message: away(fleet) }
  const server = fleet.all().find(({ catalog }) => catalog.has(name))
  if (server) return { ok: true, name, message: `${name} is served at ${server.url}.` }
  return {
    ok: false,
    name,
    message: `The model server has ${offer(fleet)}, not ${name}; get it with: ollama pull ${name}`,
  }
}

/** Throws a VitrineError that names the field `model` where every server answers and none has it. */
export async function requireModel(fleet: Fleet, name: string): Promise<void> {
  try {
    await fleet.require(name)
  } catch (error) {
    if (!(error instanceof GatewayError && error.code === 'model_not_found')) throw error
    const message = `the model servers have ${offer(fleet)}; get it with: ollama pull ${name}`
    throw new VitrineError('bad_request', `model: ${message}.`, [{ path: 'model', message }])
  }
}

function offer(fleet: Fleet): string {
  const names = everyModel(fleet, 'models').map((model) => model.name)
  return names.length > 0 ? `only ${names.join(', ')}` : 'no model'
}

/** The servers’ models as Ollama lists them, each once. */
export function everyModel(fleet: Fleet, list: 'models' | 'loaded'): ListedModel[] {
  const all = answering(fleet).flatMap((catalog) => catalog[list]())
  return [...new Map(all.map((model) => [fullName(model.name), model])).values()]
}

/** `/api/show`; for a job it waits for a model server that is away, as a call does. */
export async function showPatiently(
  { fleet, board, limits }: Pick<CallParts, 'fleet' | 'board' | 'limits'>,
  caller: Caller,
  model: string,
  signal: AbortSignal,
): Promise<ShownModel> {
  if (caller.job === null) return showModel(fleet, model)
  using waiting = board.begin(caller)
  const began = performance.now()
  for (let times = 0; ; times++) {
    try {
      return await showModel(fleet, model)
    } catch (error) {
      const isOver = performance.now() - began > limits.patienceMs
      if (!(error instanceof GatewayError && error.passing) || isOver) throw error
      if (times === 0) waiting.counts('model server is away', began, 0)
      await sleep(againMs, undefined, { signal })
    }
  }
}

/** `/api/show` of the first server that has the model. Throws `model_not_found` or `model_unavailable`. */
async function showModel(fleet: Fleet, model: string): Promise<ShownModel> {
  await fleet.require(model)
  const server = fleet.all().find(({ catalog }) => catalog.has(model))
  if (!server) throw new GatewayError('model_unavailable', away(fleet))
  return server.catalog.show(model)
}

/** Throws `model_unavailable` where no server answers. */
export async function upstreamVersion(fleet: Fleet): Promise<string> {
  const [server] = fleet.all()
  if (!server) throw new GatewayError('model_unavailable', away(fleet))
  return server.catalog.version()
}

const answering = (fleet: Fleet): Catalog[] =>
  fleet.all().flatMap(({ catalog }) => (catalog.answers() ? [catalog] : []))

function away(fleet: Fleet): string {
  const urls = fleet.all().map(({ url }) => url)
  return urls.length > 0
    ? `No model server answers at ${urls.join(', ')}; start it, or name another one.`
    : 'The model server is not running yet.'
}
