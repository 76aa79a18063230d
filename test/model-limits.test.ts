import { afterEach, expect, onTestFinished, test } from 'vitest'
import { startScriptedOllama, type ScriptedOllama } from './testbed/scripted-ollama.ts'
import { startServerProcess, type ServerProcess } from './testbed/server-process.ts'
import { program } from './testbed/stories.ts'
import { freePort } from './testbed/free-port.ts'

let server: ServerProcess

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') console.error(server.warnings())
  await server[Symbol.asyncDispose]()
})

async function ollamaAt(port: number, ...answers: string[]): Promise<ScriptedOllama> {
  const ollama = await startScriptedOllama({ port, answers })
  onTestFinished(() => ollama[Symbol.asyncDispose]())
  return ollama
}

test('a job whose model server stays away waits visibly, fails as model_unavailable, and runs when restarted', async () => {
  const port = await freePort()
  server = await startServerProcess({
    VITRINE_MODEL_SERVERS: `http://127.0.0.1:${port}`,
    VITRINE_MODEL_PATIENCE: '3',
  })
  const { id } = await server.vitrine.jobs.create({ task: 'Print one.', check: { stdout: '1' } })
  await server.reach(id, ({ waiting }) => waiting?.message.includes('model server is away') === true)
  const failed = await server.reach(id, 'failed')
  expect(failed).toMatchObject({ reason: { code: 'model_unavailable' }, usage: { calls: 0 } })
  await ollamaAt(port, program('print(1)'))
  await server.vitrine.jobs.restart(id)
  const job = await server.reach(id, ({ run, state }) => run === 2 && state === 'succeeded')
  expect(job).toMatchObject({ verdict: { outcome: 'passed' }, usage: { calls: 1 } })
})

test('a job that has spent its budget of calls ends with budget_spent and the best that it had', async () => {
  const ollama = await ollamaAt(0, program('print(2)'))
  server = await startServerProcess({ VITRINE_MODEL_SERVERS: ollama.url })
  const limits = { modelCalls: 2 }
  const { id } = await server.vitrine.jobs.create({ task: 'Print one.', check: { stdout: '1' }, limits })
  const job = await server.reach(id, 'failed')
  expect(job).toMatchObject({
    reason: { code: 'budget_spent', message: expect.stringContaining('modelCalls') as string },
    usage: { calls: 2 },
    verdict: { outcome: 'failed', program: 'print_one.py' },
  })
})
