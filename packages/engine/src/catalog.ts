import type { Context } from './context.ts'
import type { Model } from './model.ts'

/** What `/api/tags` says. */
export function list(model: Model) {
  return { models: [{ ...identity(model), modified_at: model.modifiedAt.toISOString() }] }
}

/** What `/api/ps` says: the one model, always loaded and never on a GPU. */
export function running(model: Model, context: Context) {
  const never = new Date(Date.UTC(2300, 0)).toISOString()
  return { models: [{ ...identity(model), expires_at: never, size_vram: 0, context_length: context.size() }] }
}

/** What `/api/show` says; an empty `template` means a base model. */
export function show(model: Model) {
  return {
    modelfile: '',
    parameters: '',
    template: model.template,
    details: model.details,
    model_info: model.info,
    capabilities: model.capabilities,
    modified_at: model.modifiedAt.toISOString(),
  }
}

function identity({ name, size, digest, details }: Model) {
  return { name, model: name, size, digest, details }
}
