import { join } from 'node:path'
import { Vitrine } from '@vitrine/sdk/vitrine.ts'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeEach } from 'vitest'
import { fakeRuntime } from '../../packages/server/src/runtimes/fake.ts'
import { startServer } from '../../packages/server/src/testing/start-server.ts'
import { startScriptedOllama } from './scripted-ollama.ts'
import { sharedBrowser } from './shared-browser.ts'

/** The built web app. */
export const webDir = join(import.meta.dirname, '../../dist/web')

/**
 * The web app of a server with a fake runtime, and a browser, for all tests of the file that asks for it. Pages that ask
 * elsewhere are among the browser's problems.
 */
export async function sharedWeb() {
  const ollama = await startScriptedOllama({
    models: [
      { name: 'qwen3:0.6b', capabilities: ['completion', 'thinking'], loaded: true, gpuShare: 0.25 },
      { name: 'llama3.2:1b', capabilities: ['completion'], contextLength: 131_072 },
    ],
    pull: (model) =>
      model === 'absent:1b'
        ? [{ status: 'pulling manifest' }, { error: 'pull model manifest: file does not exist' }]
        : [{ status: 'pulling manifest' }, { status: 'pulling 7f4', total: 2048, completed: 512 }, 'stall'],
  })
  afterAll(() => ollama[Symbol.asyncDispose]())
  const runtime = fakeRuntime()
  afterAll(() => runtime[Symbol.asyncDispose]())
  const server = await startServer({
    runtime,
    environment: { VITRINE_MODEL_SERVERS: ollama.url, VITRINE_WEB_DIR: webDir },
  })
  afterAll(() => server[Symbol.asyncDispose]())
  const vitrine = new Vitrine({ url: server.url, token: server.token })
  /** Where pages may ask. */
  const origins = new Set([new URL(server.url).origin])
  const chromium = await sharedBrowser()
  beforeEach(() => {
    const { context, problems } = chromium
    context.on('request', (request) => {
      const { origin } = new URL(request.url())
      if (origin !== 'null' && !origins.has(origin)) problems.push(`asks ${request.url()}`)
    })
  })
  afterEach(() => vitrine.jobs.deleteAll())

  return {
    ollama,
    runtime,
    server,
    vitrine,
    origins,
    chromium,
    /** A page of a browser that is signed in. */
    signIn: async (next = '/', at = vitrine): Promise<Page> => {
      const page = await chromium.context.newPage()
      await page.goto(await at.signInLink({ next }))
      await page.waitForURL((url) => url.pathname + url.search === next)
      return page
    },
    finished: async (task = 'Show something.'): Promise<string> => {
      const { id } = await vitrine.jobs.create({ task })
      await server.reach(id, 'succeeded')
      return id
    },
  }
}
