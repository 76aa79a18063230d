import { VitrineError, type ErrorBody } from '@vitrine/contract/error.ts'
import type { PullProgress } from '@vitrine/contract/routes/models.ts'
import type { Health, Settings } from '@vitrine/contract/server.ts'
import type { Access } from './access.ts'
import type { Handlers } from './bind.ts'
import { stream } from './events.ts'

export type ServerState = {
  health: (signal: AbortSignal) => Promise<Health>
  settings: () => Settings
  models: () => ReturnType<Handlers['listModels']>
  pull: (model: string, signal: AbortSignal) => AsyncGenerator<PullProgress, void>
  screenshot: (job: string, signal: AbortSignal) => Promise<Buffer>
}

export function serverRoutes(
  state: ServerState,
  access: Access,
): Pick<
  Handlers,
  'listModels' | 'pullModel' | 'readHealth' | 'readSettings' | 'createSignInLink' | 'readScreenshot'
> {
  return {
    listModels: () => state.models(),
    pullModel: async ({ params, request }) => {
      const left = new AbortController()
      const progress = state.pull(params.name, AbortSignal.any([left.signal, request.signal]))
      // What fails before the download begins has a status of its own.
      const first = await progress.next()
      const lines = () => pullLines(first, progress, left)
      return stream('application/x-ndjson', lines, '', request.signal)
    },
    readHealth: ({ request }) => state.health(request.signal),
    readSettings: async () => state.settings(),
    createSignInLink: async ({ body }) => ({ url: access.signInLink(body.next) }),
    readScreenshot: async ({ params, request }) => {
      const png = await state.screenshot(params.id, request.signal)
      const headers = { 'content-type': 'image/png', 'cache-control': 'no-store' }
      return new Response(new Uint8Array(png), { headers })
    },
  }
}

async function* pullLines(
  first: IteratorResult<PullProgress, void>,
  rest: AsyncGenerator<PullProgress, void>,
  left: AbortController,
): AsyncGenerator<string> {
  const line = (told: PullProgress | ErrorBody) => `${JSON.stringify(told)}\n`
  try {
    if (!first.done) yield line(first.value)
    for await (const told of rest) yield line(told)
  } catch (error) {
    if (!(error instanceof VitrineError)) throw error
    yield line({ error: { code: error.code, message: error.message } })
  } finally {
    left.abort()
  }
}
