import { afterAll, afterEach } from 'vitest'
import { startServerProcess, type ServerProcess } from './server-process.ts'
import { startStories, type Play, type Stories } from './stories.ts'

/**
 * A server whose model tells stories, for all tests of the file that asks for it. Each test leaves no job behind; where
 * one fails, what the server has warned of is shown.
 */
export async function sharedServer(
  environment: Record<string, string> = {},
  otherwise?: Play,
): Promise<{ stories: Stories; server: ServerProcess }> {
  const stories = await startStories(otherwise)
  afterAll(() => stories[Symbol.asyncDispose]())
  const server = await startServerProcess({ VITRINE_MODEL_SERVERS: stories.url, ...environment })
  afterAll(() => server[Symbol.asyncDispose]())
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') console.error(server.warnings())
    await server.vitrine.jobs.deleteAll()
  })
  return { stories, server }
}
