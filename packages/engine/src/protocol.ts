import { z } from 'zod'
import { EngineError } from './errors.ts'

const text = z.string().max(8_000_000)

/** The options of a generation that the engine knows, with Ollama's defaults. Unknown ones are ignored, as Ollama does. */
const options = z
  .object({
    /** Tokens at most; zero or less means as many as the context holds. */
    num_predict: z.int().default(-1),
    /** Tokens of prompt and answer together. */
    num_ctx: z.int().min(16).default(4096),
    temperature: z.number().min(0).max(5).default(0.8),
    top_k: z.int().min(0).default(40),
    top_p: z.number().min(0).max(1).default(0.9),
    min_p: z.number().min(0).max(1).default(0),
    /** The same seed, prompt and options give the same answer; absent or negative means a new one each time. */
    seed: z.int().optional(),
    repeat_penalty: z.number().min(0).max(5).default(1.1),
    /** How many of the last tokens the repeat penalty looks at; -1 means the whole context. */
    repeat_last_n: z.int().min(-1).default(64),
    stop: z.union([text, z.array(text).max(64)]).default([]),
  })
  .transform((given) => ({ ...given, stop: [given.stop].flat() }))

const absent = z.never('the embedded engine does not support this field').optional()

const common = {
  model: z.string('model is required').min(1, 'model is required'),
  stream: z.boolean().default(true),
  think: z.boolean().optional(),
  options: options.prefault({}),
  /** Taken and without effect: the engine has one model, which stays loaded. */
  keep_alive: z.union([z.string(), z.number()]).optional(),
  format: z.literal('').optional(),
}

export const generateBody = z.object({
  ...common,
  prompt: text.default(''),
  system: text.optional(),
  /** The prompt goes to the model as it is, with no template around it. */
  raw: z.boolean().default(false),
  suffix: z.literal('').optional(),
  images: z.array(z.never('the embedded engine takes no images')).optional(),
  template: absent,
  context: absent,
})

export const chatBody = z.object({
  ...common,
  messages: z
    .array(
      z.object({
        role: z.enum(['system', 'user', 'assistant', 'tool']),
        content: text.default(''),
        images: z.array(z.never('the embedded engine takes no images')).optional(),
      }),
    )
    .max(10_000)
    .default([]),
  tools: z.array(z.never('the embedded engine calls no tools')).optional(),
})

export const showBody = z
  .object({ model: z.string().optional(), name: z.string().optional() })
  .transform(({ model, name }, context) => {
    const asked = model ?? name
    if (asked !== undefined && asked !== '') return { model: asked }
    context.addIssue({ code: 'custom', message: 'model is required', path: ['model'] })
    return z.NEVER
  })

export type GenerationOptions = z.infer<typeof options>
export type GenerateBody = z.infer<typeof generateBody>
export type ChatBody = z.infer<typeof chatBody>
export type Message = Pick<ChatBody['messages'][number], 'role' | 'content'>

/**
 * Reads a request's JSON body.
 * @throws EngineError 400 whose message names every wrong field
 */
export function parseBody<T>(schema: z.ZodType<T>, raw: string): T {
  const result = schema.safeParse(parseJson(raw))
  if (result.success) return result.data
  throw new EngineError(400, result.error.issues.map(readable).join('; '))
}

function parseJson(raw: string): unknown {
  try {
    return JSON.parse(raw)
  } catch (error) {
    throw new EngineError(
      400,
      `the body is not JSON: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}

function readable(issue: z.core.$ZodIssue): string {
  const field = issue.path.map(String).join('.')
  return field === '' ? issue.message : `${field}: ${issue.message}`
}
