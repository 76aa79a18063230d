import { z } from 'zod'
import { ModelName } from '../job.ts'
import { route } from './route.ts'

export const ModelEntry = z.object({
  name: z.string(),
  bytes: z.int(),
  loaded: z.boolean(),
  default: z.boolean(),
  capabilities: z.array(z.string()),
  contextLength: z.int().nullable().describe('The longest context that the model was made for, in tokens.'),
  memory: z
    .object({
      bytes: z.int(),
      gpuShare: z.number().describe('The part that graphics memory holds: 0 runs on the CPU, 1 on the GPU.'),
      contextLength: z.int().nullable().describe('The context that it was loaded with.'),
    })
    .nullable()
    .describe('What the model takes while it is loaded; null while it is not.'),
})
export type ModelEntry = z.infer<typeof ModelEntry>

/** One line of a download that goes on. Sizes are bytes, and are of the layer that `status` names. */
export const PullProgress = z.object({
  status: z.string(),
  completed: z.int().optional(),
  total: z.int().optional(),
})
export type PullProgress = z.infer<typeof PullProgress>

export const modelRoutes = {
  listModels: route({
    method: 'GET',
    path: '/models',
    summary: 'The models that the model server has',
    success: { status: 200, body: z.object({ models: z.array(ModelEntry) }) },
    errors: [],
  }),
  pullModel: route({
    method: 'POST',
    path: '/models/{name}/pull',
    summary:
      'Have a model server download a model: lines of PullProgress, in the end one with `success`, or an Error. The name may hold slashes',
    params: z.object({ name: ModelName }),
    success: { status: 200, body: { media: ['application/x-ndjson'] } },
    errors: ['not_found', 'unsupported'],
  }),
}
