import { expect, test, vi } from 'vitest'
import { openGateway, post, postUnread } from '../../../../test/testbed/gateway.ts'
import { startScriptedOllama, type ScriptedRequest } from '../../../../test/testbed/scripted-ollama.ts'

const model = 'qwen3:0.6b'

/** Model calls whose answers wait until `open` is called. */
function createGate() {
  const { promise, resolve } = Promise.withResolvers<void>()
  const answers = async (request: ScriptedRequest) => {
    await promise
    return String(request.body['prompt'])
  }
  return { answers, open: resolve }
}

test('1000 calls at once from one sandbox neither get through nor keep others waiting', async () => {
  const gate = createGate()
  await using ollama = await startScriptedOllama(gate)
  await using opened = await openGateway({ upstreams: [ollama.url] })
  const greedy = `${await opened.urlFor('greedy')}/api/generate`
  const modest = `${await opened.urlFor('modest')}/api/generate`
  const statuses: number[] = []
  const flood = Array.from({ length: 1000 }, async () => {
    const { status } = await post(greedy, { model, prompt: 'greedy' })
    statuses.push(status)
  })
  await vi.waitFor(() => expect(statuses).toEqual(Array.from({ length: 1000 - 16 }, () => 429)), 60_000)
  const answer = post(modest, { model, prompt: 'modest' })
  await vi.waitFor(() => expect(opened.waits).toContainEqual({ job: 'modest', message: 'queued at 2' }))
  gate.open()
  expect(await answer).toMatchObject({ status: 200 })
  await Promise.all(flood)
  expect(statuses.filter((status) => status === 200)).toHaveLength(16)
  expect((await ollama.generation(3)).body['prompt']).toBe('modest')
  expect(ollama.mostAtOnce()).toBe(1)
}, 90_000)

test('jobs take turns at a model of one slot', async () => {
  const gate = createGate()
  await using ollama = await startScriptedOllama(gate)
  await using opened = await openGateway({ upstreams: [ollama.url] })
  const jobs = await Promise.all(['a', 'b', 'c'].map(async (job) => ({ job, url: await opened.urlFor(job) })))
  const call = (url: string, prompt: string) => post(`${url}/api/generate`, { model, prompt })
  const first = call(await opened.urlFor('first'), 'first')
  await ollama.generation(1)
  const calls = jobs.flatMap(({ job, url }) => [1, 2, 3, 4].map((n) => call(url, `${job}${n}`)))
  await vi.waitFor(() => expect(opened.received()).toBe(13))
  gate.open()
  await Promise.all([first, ...calls])
  const served = await Promise.all(calls.map((_, index) => ollama.generation(index + 2)))
  for (let round = 0; round < 4; round++) {
    const turn = served.slice(round * 3, round * 3 + 3).map(({ body }) => String(body['prompt'])[0])
    expect(new Set(turn)).toEqual(new Set(['a', 'b', 'c']))
  }
  expect(ollama.mostAtOnce()).toBe(1)
})

test('a model that loads is told of while it does', async () => {
  await using ollama = await startScriptedOllama({ answers: [{ headerAfterMs: 300, text: 'hello' }] })
  await using opened = await openGateway({ upstreams: [ollama.url], limits: { quietMs: 100 } })
  await post(`${await opened.urlFor('a')}/api/generate`, { model, prompt: 'hi' })
  expect(opened.waits).toEqual([
    { job: 'a', message: 'loading model (0 s)' },
    { job: 'a', message: null },
  ])
})

test('an answer that is read slowly does not keep the slot', async () => {
  const long = { text: 'x '.repeat(20_000) }
  await using ollama = await startScriptedOllama({ answers: [long, 'next'] })
  await using opened = await openGateway({ upstreams: [ollama.url], maxPredict: 100_000 })
  const slow = await postUnread(`${await opened.urlFor('a')}/api/generate`, { model, prompt: 'hi' })
  await slow.response
  const next = await post(`${await opened.urlFor('b')}/api/generate`, { model, prompt: 'hi' })
  expect(next.status).toBe(200)
  slow.destroy()
})
