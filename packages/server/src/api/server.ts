import type { Health } from '@vitrine/contract/routes.ts'
import type { z } from 'zod'
import type { Access } from './access.ts'
import type { Handlers } from './bind.ts'

export type ServerState = {
  health: (signal: AbortSignal) => Promise<z.infer<typeof Health>>
  models: () => ReturnType<Handlers['listModels']>
  screenshot: (job: string, signal: AbortSignal) => Promise<Buffer>
}

export function serverRoutes(
  state: ServerState,
  access: Access,
): Pick<Handlers, 'listModels' | 'readHealth' | 'createSignInLink' | 'readScreenshot'> {
  return {
    listModels: () => state.models(),
    readHealth: ({ request }) => state.health(request.signal),
    createSignInLink: async ({ body }) => ({ url: access.signInLink(body.next) }),
    readScreenshot: async ({ params, request }) => {
      const png = await state.screenshot(params.id, request.signal)
      const headers = { 'content-type': 'image/png', 'cache-control': 'no-store' }
      return new Response(new Uint8Array(png), { headers })
    },
  }
}
