import { z } from 'zod'
import { GatewayError } from './gateway-error.ts'

/** A model as a model server lists it; further fields are handed on as they came. */
const Listed = z.looseObject({
  name: z.string(),
  size: z.int().default(0),
  digest: z.string().default(''),
  remote_host: z.string().optional(),
  size_vram: z.int().optional(),
  context_length: z.int().optional(),
})
const List = z.object({ models: z.array(Listed).nullable().default([]) })
const Shown = z.looseObject({
  capabilities: z.array(z.string()).default([]),
  model_info: z.record(z.string(), z.unknown()).default({}),
})
const Version = z.object({ version: z.string() })

export type ShownModel = z.infer<typeof Shown>
export type ListedModel = z.infer<typeof Listed>

/** What one model server has, as it said when last asked; a model call does not wait for it. */
export type Catalog = {
  /** Reads the lists again, unless that was done a second ago. Throws a GatewayError where the server does not answer. */
  refresh(): Promise<void>
  /** Whether the last reading worked. */
  answers(): boolean
  /** Undefined where the server has not answered yet. */
  has(model: string): boolean | undefined
  /** As far as is known: a list that is not fresh says nothing. */
  isLoaded(model: string): boolean
  /** The model has just answered. */
  markLoaded(model: string): void
  /** A list has become wrong. */
  forget(): void
  models(): ListedModel[]
  loaded(): ListedModel[]
  show(model: string): Promise<ShownModel>
  version(): Promise<string>
}

const freshMs = 1000
const staleMs = 10_000

/** `ask` gets a path of the model server, or posts a body to it, and answers with the JSON. */
export function createCatalog(ask: (path: string, body?: object) => Promise<unknown>): Catalog {
  let known:
    | { at: number; models: ListedModel[]; loaded: ListedModel[]; names: Set<string>; warm: Set<string> }
    | undefined
  let reading: Promise<void> | undefined
  const shown = new Map<string, ShownModel>()

  async function read(): Promise<void> {
    const [tags, ps] = await Promise.all([ask('/api/tags'), ask('/api/ps')])
    // A remote model would take the prompt off this machine, which no sandbox may do.
    const models = (understood(List, tags).models ?? []).filter((model) => model.remote_host === undefined)
    const loaded = understood(List, ps).models ?? []
    const names = new Set(models.map(({ name }) => fullName(name)))
    known = {
      at: performance.now(),
      models,
      loaded,
      names,
      warm: new Set(loaded.map(({ name }) => fullName(name))),
    }
  }

  function refresh(): Promise<void> {
    if (known && performance.now() - known.at < freshMs) return Promise.resolve()
    reading ??= read()
      .catch((error: unknown) => {
        known = undefined
        throw error
      })
      .finally(() => (reading = undefined))
    return reading
  }

  return {
    refresh,
    answers: () => known !== undefined,
    has: (model) => known?.names.has(fullName(model)),
    isLoaded: (model) =>
      known !== undefined && performance.now() - known.at < staleMs && known.warm.has(fullName(model)),
    markLoaded: (model) => void known?.warm.add(fullName(model)),
    forget: () => (known = undefined),
    models: () => known?.models ?? [],
    loaded: () => known?.loaded ?? [],
    async show(model) {
      const digest = known?.models.find(({ name }) => fullName(name) === fullName(model))?.digest
      const key = `${fullName(model)}@${digest}`
      const found = shown.get(key) ?? withoutPaths(understood(Shown, await ask('/api/show', { model })))
      shown.set(key, found)
      return found
    },
    version: async () => understood(Version, await ask('/api/version')).version,
  }
}

/** `qwen3` means `qwen3:latest`, and case does not count. */
export function fullName(model: string): string {
  const name = model.toLowerCase()
  return name.slice(name.lastIndexOf('/') + 1).includes(':') ? name : `${name}:latest`
}

/** The modelfile tells where the model lies on the host. */
const withoutPaths = ({ modelfile: _, ...rest }: ShownModel): ShownModel => rest

function understood<T>(schema: z.ZodType<T>, answer: unknown): T {
  const parsed = schema.safeParse(answer)
  if (parsed.success) return parsed.data
  throw new GatewayError('model_error', 'what answers as the model server does not speak Ollama’s protocol')
}
