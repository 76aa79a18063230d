import { randomUUID } from 'node:crypto'
import { ModelName } from '@vitrine/contract/job.ts'
import { z } from 'zod'
import { understood } from './bodies.ts'
import type { Dialect } from './dialect.ts'
import { GatewayError, type GatewayErrorCode } from './gateway-error.ts'
import type { Line, ToolCall } from './lines.ts'

const Part = z.union([
  z.strictObject({ type: z.literal('text'), text: z.string() }),
  z.strictObject({
    type: z.literal('image_url'),
    image_url: z.looseObject({
      url: z.string().regex(/^data:[^,]*;base64,/, 'must be a data: URL in base64'),
    }),
  }),
])

const Message = z.strictObject({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
  content: z.union([z.string(), z.array(Part).max(64)]).nullish(),
  reasoning: z.string().nullish(),
  name: z.string().optional(),
  tool_calls: z
    .array(
      z.looseObject({
        id: z.string().optional(),
        function: z.looseObject({ name: z.string(), arguments: z.string() }),
      }),
    )
    .max(64)
    .nullish(),
  tool_call_id: z.string().optional(),
  refusal: z.null().optional(),
})

/** https://platform.openai.com/docs/api-reference/chat/create, as far as Ollama serves it. */
const Completion = z.strictObject({
  model: ModelName,
  messages: z.array(Message),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().optional() }).nullish(),
  max_tokens: z.int().min(1).nullish(),
  max_completion_tokens: z.int().min(1).nullish(),
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  seed: z.int().nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(64)]).nullish(),
  presence_penalty: z.number().nullish(),
  frequency_penalty: z.number().nullish(),
  response_format: z
    .union([
      z.strictObject({ type: z.enum(['text', 'json_object']) }),
      z.strictObject({ type: z.literal('json_schema'), json_schema: z.looseObject({ schema: z.unknown() }) }),
    ])
    .nullish(),
  reasoning_effort: z.enum(['none', 'minimal', 'low', 'medium', 'high']).nullish(),
  tools: z.unknown().optional(),
  n: z.literal(1, 'must be 1').nullish(),
  // Without a meaning for a model of one's own; many clients send them.
  tool_choice: z.literal('auto', 'must be auto').nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  user: z.string().nullish(),
  store: z.literal(false, 'must be false').nullish(),
})
type Completion = z.infer<typeof Completion>

/** `POST /v1/chat/completions` as the body of `POST /api/chat`, and how its answer is written. */
export function openaiChat(body: unknown): { chat: object; dialect: Dialect } {
  const asked = understood(Completion, body)
  const chat = present({
    model: asked.model,
    messages: asked.messages.map(toOllama),
    stream: asked.stream ?? false,
    tools: asked.tools,
    format: format(asked.response_format),
    think: think(asked.reasoning_effort),
    options: present({
      num_predict: asked.max_completion_tokens ?? asked.max_tokens,
      temperature: asked.temperature,
      top_p: asked.top_p,
      seed: asked.seed,
      stop: asked.stop,
      presence_penalty: asked.presence_penalty,
      frequency_penalty: asked.frequency_penalty,
    }),
  })
  return { chat, dialect: openaiDialect(asked.stream_options?.include_usage ?? false) }
}

/** `GET /v1/models`. */
export const openaiModels = (models: readonly { name: string }[]): object => ({
  object: 'list',
  data: models.map(({ name }) => ({ id: name, object: 'model', created: 0, owned_by: 'library' })),
})

/** OpenAI's protocol: server-sent events for a stream, and its own shape of errors. */
export function openaiDialect(includeUsage: boolean): Dialect {
  const id = `chatcmpl-${randomUUID()}`
  const created = Math.floor(Date.now() / 1000)
  let calledTools = 0

  const head = (object: string, { model }: Line) => ({
    id,
    object,
    created,
    model,
    system_fingerprint: 'fp_ollama',
  })

  function message({ message }: Line): object {
    const calls = (message?.tool_calls ?? []).map((call) => toOpenai(call, calledTools++))
    return {
      role: 'assistant',
      content: message?.content ?? '',
      ...(message?.thinking && { reasoning: message.thinking }),
      ...(calls.length > 0 && { tool_calls: calls }),
    }
  }

  const reason = ({ done, done_reason }: Line) =>
    !done ? null : calledTools > 0 ? 'tool_calls' : done_reason === 'length' ? 'length' : 'stop'

  function chunk(line: Line): string {
    const delta = message(line)
    const object = 'chat.completion.chunk'
    const choice = { index: 0, delta, finish_reason: reason(line) }
    const last = line.done && includeUsage
    return (
      event({ ...head(object, line), choices: [choice], ...(includeUsage && { usage: null }) }) +
      (last ? event({ ...head(object, line), choices: [], usage: usage(line) }) : '')
    )
  }

  return {
    contentType: 'text/event-stream',
    piece: ({ lines }) => lines.map(chunk).join(''),
    end: 'data: [DONE]\n\n',
    whole(answer) {
      const said = message(answer)
      return {
        ...head('chat.completion', answer),
        choices: [{ index: 0, message: said, finish_reason: reason(answer) }],
        usage: usage(answer),
      }
    },
    error: openaiError,
    errorPiece: (error) => event(openaiError(error)),
  }
}

function toOllama({
  role,
  content,
  reasoning,
  name,
  tool_calls,
  tool_call_id,
}: Completion['messages'][number]) {
  const parts = typeof content === 'string' ? [{ type: 'text' as const, text: content }] : (content ?? [])
  const images = parts.flatMap((part) =>
    part.type === 'image_url' ? [part.image_url.url.replace(/^[^,]*,/, '')] : [],
  )
  return present({
    role: role === 'developer' ? 'system' : role,
    content: parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n'),
    thinking: reasoning,
    images: images.length > 0 ? images : undefined,
    tool_name: role === 'tool' ? name : undefined,
    tool_call_id,
    tool_calls: tool_calls?.map(({ id, function: { name, arguments: text } }) =>
      present({ id, function: { name, arguments: toolArguments(text) } }),
    ),
  })
}

function toolArguments(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new GatewayError('bad_request', 'messages: a tool call’s arguments are not JSON')
  }
}

const toOpenai = (call: ToolCall, index: number) => ({
  id: call.id ?? `call_${randomUUID()}`,
  index,
  type: 'function',
  function: { name: call.function.name, arguments: JSON.stringify(call.function.arguments) },
})

function format(asked: Completion['response_format']): unknown {
  switch (asked?.type) {
    case 'json_object':
      return 'json'
    case 'json_schema':
      return asked.json_schema.schema
    default:
      return undefined
  }
}

function think(effort: Completion['reasoning_effort']): boolean | string | undefined {
  if (effort === 'none') return false
  return (effort === 'minimal' ? 'low' : effort) ?? undefined
}

function usage({ prompt_eval_count = 0, eval_count = 0 }: Line): object {
  return {
    prompt_tokens: prompt_eval_count,
    completion_tokens: eval_count,
    total_tokens: prompt_eval_count + eval_count,
  }
}

const openaiError = ({ message, code, status }: GatewayError) => ({
  error: { message, type: errorType(code, status), param: null, code },
})

function errorType(code: GatewayErrorCode, status: number): string {
  if (code === 'budget_spent') return 'insufficient_quota'
  if (code === 'too_many_calls') return 'rate_limit_error'
  return status < 500 ? 'invalid_request_error' : 'api_error'
}

const event = (data: object) => `data: ${JSON.stringify(data)}\n\n`

const present = (fields: object): object =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null))
