import { expect, test, vi } from 'vitest'
import { openGateway, post } from '../../../../test/testbed/gateway.ts'
import { startScriptedOllama } from '../../../../test/testbed/scripted-ollama.ts'

const model = 'qwen3:0.6b'
const call = (url: string, options: object = {}) =>
  post(`${url}/api/generate`, { model, prompt: 'hi', options })

test.each([
  ['modelCalls', { modelCalls: 2 }, 2],
  ['tokensIn', { tokensIn: 15 }, 2],
  ['tokensOut', { tokensOut: 5 }, 2],
])('a run over its budget of %s gets a typed 429, and nothing is asked', async (name, limits, calls) => {
  await using ollama = await startScriptedOllama({ answers: [{ text: 'a b c', tokensIn: 10 }] })
  await using opened = await openGateway({ upstreams: [ollama.url] })
  const url = await opened.urlFor('a', limits)
  for (let n = 0; n < calls; n++) expect((await call(url)).status).toBe(200)
  const { status, lines } = await call(url)
  expect([status, lines]).toMatchObject([
    429,
    [{ code: 'budget_spent', error: expect.stringContaining(name) }],
  ])
  const chat = await post(`${url}/v1/chat/completions`, { model, messages: [] })
  expect(chat.status).toBe(429)
  expect(JSON.parse(chat.text)).toMatchObject({ error: { code: 'budget_spent', type: 'insufficient_quota' } })
  expect(ollama.requests.filter(({ path }) => path === '/api/generate')).toHaveLength(calls)
  expect((await call(await opened.urlFor('b'))).status).toBe(200)
})

test('an answer ends where the budget does', async () => {
  await using ollama = await startScriptedOllama({ answers: [{ text: 'a b c d e f' }] })
  await using opened = await openGateway({ upstreams: [ollama.url] })
  const { lines } = await call(await opened.urlFor('a', { tokensOut: 4 }), { num_predict: 100 })
  expect(lines.at(-1)).toMatchObject({ done: true, done_reason: 'length', eval_count: 4 })
})

test('calls beyond those that may be under way at once are refused until one has ended', async () => {
  const gate = Promise.withResolvers<string>()
  await using ollama = await startScriptedOllama({ answers: () => gate.promise })
  await using opened = await openGateway({ upstreams: [ollama.url] })
  const url = await opened.urlFor('a', { concurrentCalls: 2 })
  const two = [call(url), call(url)]
  await vi.waitFor(() => expect(opened.received()).toBe(2))
  await ollama.generation(1)
  expect(await call(url)).toMatchObject({ status: 429, lines: [{ code: 'too_many_calls' }] })
  gate.resolve('now')
  for (const { status } of await Promise.all(two)) expect(status).toBe(200)
  expect((await call(url)).status).toBe(200)
})

test('an answer that goes on is told of with its speed', async () => {
  await using ollama = await startScriptedOllama({ answers: [{ text: 'x '.repeat(60), pieceMs: 10 }] })
  await using opened = await openGateway({ upstreams: [ollama.url], limits: { tellMs: 150 } })
  await call(await opened.urlFor('a'))
  expect(opened.speeds.length).toBeGreaterThan(1)
  expect(opened.speeds.length).toBeLessThan(12)
  for (const { job, tokensPerSecond } of opened.speeds) {
    expect(job).toBe('a')
    expect(tokensPerSecond).toBeGreaterThan(5)
    expect(tokensPerSecond).toBeLessThan(101)
  }
})
