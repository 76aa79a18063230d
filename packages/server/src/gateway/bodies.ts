import { fieldErrors } from '@vitrine/contract/error.ts'
import { ModelName } from '@vitrine/contract/job.ts'
import { z } from 'zod'
import { GatewayError } from './gateway-error.ts'
import type { GatewayLimits } from './limits.ts'

/** What is sent to a model server for a call, and what the gateway must know of it. */
export type ModelCall = {
  model: string
  path: '/api/generate' | '/api/chat'
  /** What the caller wants; a model server is always asked to stream. */
  stream: boolean
  /** The most tokens that the answer may have. */
  maxTokens: number
  body: Record<string, unknown>
}

type Bounds = Pick<GatewayLimits, 'maxContext' | 'usualContext' | 'maxPredict' | 'messages'>

/** Free-form JSON that is handed on; bounded, because writing very deep JSON would overflow the stack. */
const deepest = 64
const Json = z
  .unknown()
  .refine((value) => isShallow(value, deepest), `must be at most ${deepest} levels deep`)

/** https://github.com/ollama/ollama/blob/main/docs/modelfile.md#parameter */
const Options = z.strictObject({
  num_ctx: z.int().min(1).optional(),
  num_predict: z.int().min(-2).optional(),
  num_keep: z.int().optional(),
  seed: z.int().optional(),
  temperature: z.number().optional(),
  top_k: z.int().optional(),
  top_p: z.number().optional(),
  min_p: z.number().optional(),
  typical_p: z.number().optional(),
  tfs_z: z.number().optional(),
  mirostat: z.int().optional(),
  mirostat_eta: z.number().optional(),
  mirostat_tau: z.number().optional(),
  repeat_last_n: z.int().optional(),
  repeat_penalty: z.number().optional(),
  presence_penalty: z.number().optional(),
  frequency_penalty: z.number().optional(),
  penalize_newline: z.boolean().optional(),
  stop: z.union([z.string(), z.array(z.string()).max(64)]).optional(),
  // How a model is placed is the server's matter, and a change would load it anew: taken, and left out.
  num_batch: z.int().optional(),
  num_gpu: z.int().optional(),
  main_gpu: z.int().optional(),
  num_thread: z.int().optional(),
  use_mmap: z.boolean().optional(),
})
const placement = ['num_batch', 'num_gpu', 'main_gpu', 'num_thread', 'use_mmap'] as const

const Images = z.array(z.string()).max(16)

const common = {
  model: ModelName,
  stream: z.boolean().default(true),
  format: Json.optional(),
  options: Options.prefault({}),
  think: z.union([z.boolean(), z.enum(['low', 'medium', 'high'])]).optional(),
  // When a model is unloaded is the server's matter: taken, and left out.
  keep_alive: z.union([z.string(), z.number()]).optional(),
  truncate: z.boolean().optional(),
  shift: z.boolean().optional(),
  logprobs: z.boolean().optional(),
  top_logprobs: z.int().min(0).max(20).optional(),
}

const Generate = z.strictObject({
  ...common,
  prompt: z.string().optional(),
  suffix: z.string().optional(),
  system: z.string().optional(),
  template: z.string().optional(),
  raw: z.boolean().optional(),
  images: Images.optional(),
  context: z.array(z.int()).optional(),
})

const Chat = z.strictObject({
  ...common,
  messages: z
    .array(
      z.strictObject({
        role: z.enum(['system', 'user', 'assistant', 'tool']),
        content: z.string().default(''),
        thinking: z.string().optional(),
        images: Images.optional(),
        tool_calls: Json.optional(),
        tool_name: z.string().optional(),
        tool_call_id: z.string().optional(),
      }),
    )
    .default([]),
  tools: Json.optional(),
})

const Show = z.strictObject({
  model: ModelName.optional(),
  name: ModelName.optional(),
  verbose: z.literal(false, 'is not open to sandboxes').optional(),
})

/** `POST /api/generate`. Throws `bad_request` that names each wrong field. */
export const generateCall = (body: unknown, bounds: Bounds): ModelCall =>
  clamped('/api/generate', understood(Generate, body), bounds)

/** `POST /api/chat`. Throws `bad_request` that names each wrong field. */
export function chatCall(body: unknown, bounds: Bounds): ModelCall {
  const chat = understood(Chat, body)
  if (chat.messages.length > bounds.messages)
    throw new GatewayError('bad_request', `messages: must be at most ${bounds.messages}`)
  return clamped('/api/chat', chat, bounds)
}

/** `POST /api/show` → the model's name. */
export function shownModel(body: unknown): string {
  const { model, name } = understood(Show, body)
  const asked = model ?? name
  if (asked === undefined) throw new GatewayError('bad_request', 'model: is required')
  return asked
}

/** Reads a body by its schema. Throws `bad_request` that names each wrong field. */
export function understood<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  const wrong = fieldErrors(parsed.error).slice(0, 5)
  const message = wrong.map(({ path, message }) => `${path.slice(0, 100) || 'body'}: ${message}`).join('; ')
  throw new GatewayError('bad_request', message)
}

function clamped(
  path: ModelCall['path'],
  asked: z.infer<typeof Generate> | z.infer<typeof Chat>,
  { maxContext, usualContext, maxPredict }: Bounds,
): ModelCall {
  const { keep_alive: _, ...rest } = asked
  const { num_ctx = usualContext, num_predict = maxPredict, ...options } = rest.options
  for (const name of placement) delete options[name]
  const maxTokens = num_predict > 0 ? Math.min(num_predict, maxPredict) : maxPredict
  return {
    model: rest.model,
    path,
    stream: rest.stream,
    maxTokens,
    body: {
      ...rest,
      stream: true,
      options: { ...options, num_ctx: Math.min(num_ctx, maxContext), num_predict: maxTokens },
    },
  }
}

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return levels > 0 && Object.values(value).every((inner) => isShallow(inner, levels - 1))
}
