import { VitrineError } from '@vitrine/contract/error.ts'
import type { PullProgress } from '@vitrine/contract/routes/models.ts'
import { z } from 'zod'
import type { Fleet } from './fleet.ts'
import { GatewayError } from './gateway-error.ts'
import { createLineReader } from './lines.ts'
import type { Upstream } from './upstream.ts'

/** https://github.com/ollama/ollama/blob/main/docs/api.md#pull-a-model */
const Status = z.object({
  status: z.string().default(''),
  total: z.int().optional(),
  completed: z.int().optional(),
  error: z.string().optional(),
})

/**
 * Has the first model server that can download the model do it, and tells how far it is. Throws a VitrineError:
 * `unavailable` where none answers or the download broke, `unsupported` where none can, `not_found` where the model's
 * registry does not know it. A download that `signal` ended goes on where it was when it is asked for again.
 */
export async function* pullModel(
  fleet: Fleet,
  model: string,
  signal: AbortSignal,
): AsyncGenerator<PullProgress, void> {
  const failures: GatewayError[] = []
  for (const server of fleet.all()) {
    const answer = await begin(server, model, signal, failures)
    if (!answer) continue
    yield* progress(answer, model, signal)
    server.catalog.forget()
    return
  }
  const [failure] = failures
  if (failure) throw new VitrineError('unavailable', sentence(failure.message))
  throw new VitrineError(
    'unsupported',
    'The embedded engine serves one model file and downloads none; use an Ollama, or set VITRINE_MODEL_FILE.',
  )
}

async function begin(server: Upstream, model: string, signal: AbortSignal, failures: GatewayError[]) {
  try {
    return await server.pull(model, signal)
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    failures.push(error)
    return null
  }
}

async function* progress(
  answer: AsyncIterable<Buffer>,
  model: string,
  signal: AbortSignal,
): AsyncGenerator<PullProgress, void> {
  const reader = createLineReader()
  let last = ''
  try {
    for await (const chunk of answer) {
      for (const line of reader.read(chunk).lines) {
        const { error, ...told } = Status.parse(line)
        if (error !== undefined) throw refusal(model, error)
        last = told.status
        yield told
      }
    }
  } catch (error) {
    signal.throwIfAborted()
    throw error instanceof GatewayError ? new VitrineError('unavailable', sentence(error.message)) : error
  }
  if (last !== 'success') throw new VitrineError('unavailable', `The download of ${model} ended early.`)
}

const refusal = (model: string, error: string) =>
  /file does not exist|not found/.test(error)
    ? new VitrineError('not_found', `There is no model ${model} to download: ${error}.`)
    : new VitrineError('unavailable', `${model} could not be downloaded: ${error}.`)

const sentence = (text: string) => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`
