import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import type { JobEvent } from '@vitrine/contract/event.ts'
import type { Verdict } from '@vitrine/contract/job.ts'
import { expect, test } from 'vitest'
import { startScriptedOllama } from '../../../test/testbed/scripted-ollama.ts'
import { fakeRuntime } from './runtimes/fake.ts'
import type { FakeScript } from './runtimes/fake-agent.ts'
import { startServer, type TestServer } from './testing/start-server.ts'

const model = 'qwen3:0.6b'
const verdict: Verdict = { outcome: 'ran', program: null, candidate: 1, candidates: 1, checks: [] }

/** A script that makes so many model calls, one after the other, and then ends; what they were answered. */
function calls(count: number): { script: FakeScript; answers: { status: number; body: string }[] } {
  const answers: { status: number; body: string }[] = []
  const script: FakeScript = async ({ socketPath, tell }) => {
    for (let n = 0; n < count; n++) answers.push(await call(socketPath))
    tell({ type: 'verdict', data: { verdict, reason: null } })
  }
  return { script, answers }
}

async function call(socketPath: string): Promise<{ status: number; body: string }> {
  const asked = request({ socketPath, method: 'POST', path: '/api/generate' })
  asked.end(JSON.stringify({ model, prompt: 'hi' }))
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  return { status: answer.statusCode ?? 0, body: await text(answer) }
}

async function start(script: FakeScript, url: string, environment = {}): Promise<TestServer> {
  const runtime = fakeRuntime({ script })
  return startServer({ runtime, environment: { VITRINE_MODEL_SERVERS: url, ...environment } })
}

const ofType = <T extends JobEvent['type']>(events: JobEvent[], type: T) =>
  events.filter((event): event is Extract<JobEvent, { type: T }> => event.type === type)

test('a job’s model calls are events, and are summed on the job when it has ended', async () => {
  await using ollama = await startScriptedOllama({ answers: [{ text: 'a b c', tokensIn: 10 }] })
  await using server = await start(calls(3).script, ollama.url)
  const { id } = await server.create({ task: 'call' })
  const job = await server.reach(id, 'succeeded')
  expect(job.usage).toEqual({ calls: 3, tokensIn: 30, tokensOut: 9 })
  const events = await server.follow(id, ({ type }) => type === 'verdict')
  const told = ofType(events, 'model.called').map(({ data }) => data)
  expect(told).toHaveLength(3)
  const seconds = expect.any(Number) as number
  expect(told[0]).toEqual({
    model,
    tokensIn: 10,
    tokensOut: 3,
    waited: seconds,
    seconds,
    doneReason: 'stop',
  })
})

test('a sandbox that is gone ends its model call, and the next job gets the slot', async () => {
  await using ollama = await startScriptedOllama({ answers: [{ headerAfterMs: 60_000 }, 'next'] })
  const runtime = fakeRuntime({ script: calls(1).script })
  await using server = await startServer({
    runtime,
    environment: { VITRINE_MODEL_SERVERS: ollama.url, VITRINE_POOL: '0' },
  })
  await server.create({ task: 'call' })
  const generation = await ollama.generation(1)
  const next = await server.create({ task: 'call' })
  const caller = (await runtime.list(AbortSignal.timeout(5000))).find(
    ({ id }) => runtime.agent(id).state.assignment !== null,
  )
  await runtime.vanish(caller!.id)
  expect(await generation.over).toBe('aborted')
  expect((await server.reach(next.id, 'succeeded')).usage.calls).toBe(1)
})

test('a run that has spent its budget is refused, also after a restart of the server; a new run has its own', async () => {
  await using ollama = await startScriptedOllama({})
  const { script, answers } = calls(3)
  await using server = await start(script, ollama.url)
  const { id } = await server.create({ task: 'call', limits: { modelCalls: 2 } })
  await server.reach(id, 'succeeded')
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 429])
  expect(JSON.parse(answers[2]!.body)).toMatchObject({ code: 'budget_spent' })
  await server.restart()
  await server.api('POST', `/jobs/${id}/restart`)
  const again = await server.reach(id, ({ run, state }) => run === 2 && state === 'succeeded')
  expect(answers.slice(3).map(({ status }) => status)).toEqual([200, 200, 429])
  expect(again.usage.calls).toBe(4)
})

test('a job whose model server stays away says so, and is told after the patience that was set', async () => {
  const gone = await startScriptedOllama({})
  await gone[Symbol.asyncDispose]()
  const { script, answers } = calls(1)
  await using server = await start(script, gone.url, { VITRINE_MODEL_PATIENCE: '1' })
  const { id } = await server.create({ task: 'call' })
  const events = await server.follow(id, ({ type }) => type === 'verdict')
  const waits = ofType(events, 'job.waiting').map(({ data }) => data.waiting?.message)
  expect(waits).toContainEqual(expect.stringContaining('model server is away'))
  expect(answers[0]).toMatchObject({
    status: 503,
    body: expect.stringContaining('model_unavailable') as string,
  })
})

test('a model that no model server has is refused by its field’s name; where one is away, it may have it', async () => {
  await using ollama = await startScriptedOllama({})
  const gone = await startScriptedOllama({})
  await gone[Symbol.asyncDispose]()
  const body = { task: 'call', model: 'other:1b' }
  {
    await using server = await start(calls(0).script, ollama.url)
    const response = await server.api('POST', '/jobs', body)
    const { error } = await response.json()
    expect([response.status, error.details[0].path]).toEqual([400, 'model'])
    expect(error.message).toContain(`only ${model}; get it with: ollama pull other:1b`)
    expect((await server.api('POST', '/jobs', { ...body, model: model.toUpperCase() })).status).toBe(202)
  }
  for (const urls of [gone.url, `${ollama.url},${gone.url}`]) {
    await using server = await start(calls(0).script, urls)
    expect((await server.api('POST', '/jobs', body)).status).toBe(202)
  }
})

test('a job that was stored under an idempotency key is answered, also when its model is gone', async () => {
  const models = [{ name: model }, { name: 'other:1b' }]
  await using ollama = await startScriptedOllama({ models })
  await using server = await start(calls(0).script, ollama.url)
  const create = () =>
    server.api('POST', '/jobs', { task: 'call', model: 'other:1b' }, { 'idempotency-key': 'k' })
  const { id } = await (await create()).json()
  models.pop()
  await server.restart()
  expect(await (await create()).json()).toMatchObject({ id })
})

test('a model is downloaded, whatever is in its name; errors come typed before and in the middle', async () => {
  const name = 'hub.example/me/model:1b'
  const told: Record<string, object[]> = {
    [name]: [{ status: 'pulling 7f4', total: 4, completed: 2 }, { status: 'success' }],
    lost: [{ status: 'pulling manifest' }, { error: 'pull model manifest: file does not exist' }],
  }
  await using ollama = await startScriptedOllama({ pull: (model) => told[model] ?? [] })
  await using server = await start(calls(0).script, ollama.url)
  for (const written of [name, encodeURIComponent(name)]) {
    const response = await server.api('POST', `/models/${written}/pull`)
    expect(response.headers.get('content-type')).toBe('application/x-ndjson')
    const lines = (await response.text()).trim().split('\n')
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(told[name])
  }
  const lost = await (await server.api('POST', '/models/lost/pull')).text()
  expect(JSON.parse(lost.trim().split('\n').at(-1)!)).toMatchObject({ error: { code: 'not_found' } })
  expect((await server.api('POST', '/models/..%2Fx/pull')).status).toBe(404)
  expect((await server.api('GET', `/models/${name}/pull`)).status).toBe(405)
})

test('where there is only an engine that can’t, a download is refused', async () => {
  await using engine = await startScriptedOllama({})
  await using server = await start(calls(0).script, engine.url)
  const response = await server.api('POST', '/models/m/pull')
  expect([response.status, await response.json()]).toMatchObject([501, { error: { code: 'unsupported' } }])
})
