import { VitrineError } from '@vitrine/contract/error.ts'
import type { Health, ModelEntry } from '@vitrine/contract/routes.ts'
import type { z } from 'zod'
import { fullName, type Catalog, type ListedModel, type ShownModel } from './catalog.ts'
import type { Fleet } from './fleet.ts'
import { GatewayError } from './gateway-error.ts'

/** What the model servers have, each model once. Throws a VitrineError `unavailable` where none of them answers. */
export async function listModels(fleet: Fleet, defaultModel: string): Promise<z.infer<typeof ModelEntry>[]> {
  await fleet.refresh()
  const catalogs = answering(fleet)
  if (catalogs.length === 0) throw new VitrineError('unavailable', away(fleet))
  return Promise.all(
    everyModel(fleet, 'models').map(async ({ name, size }) => ({
      name,
      bytes: size,
      loaded: catalogs.some((catalog) => catalog.isLoaded(name)),
      default: fullName(name) === fullName(defaultModel),
      capabilities: (await showModel(fleet, name)).capabilities,
    })),
  )
}

/** Whether jobs can have the default model now, in words that tell what to do where they can't. */
export async function modelHealth(fleet: Fleet, name: string): Promise<z.infer<typeof Health>['model']> {
  await fleet.refresh()
  if (answering(fleet).length === 0) return { ok: false, name, message: away(fleet) }
  const server = fleet.all().find(({ catalog }) => catalog.has(name))
  if (server) return { ok: true, name, message: `${name} is served at ${server.url}.` }
  const others = everyModel(fleet, 'models').map((model) => model.name)
  const has = others.length > 0 ? `only ${others.join(', ')}` : 'no model'
  return {
    ok: false,
    name,
    message: `The model server has ${has}, not ${name}; get it with: ollama pull ${name}`,
  }
}

/** The servers’ models as Ollama lists them, each once. */
export function everyModel(fleet: Fleet, list: 'models' | 'loaded'): ListedModel[] {
  const all = answering(fleet).flatMap((catalog) => catalog[list]())
  return [...new Map(all.map((model) => [fullName(model.name), model])).values()]
}

/** `/api/show` of the first server that has the model. Throws `model_not_found` or `model_unavailable`. */
export async function showModel(fleet: Fleet, model: string): Promise<ShownModel> {
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
