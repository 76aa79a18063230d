import { expect, test } from 'vitest'
import { openGateway, post } from '../../../../test/testbed/gateway.ts'
import { startScriptedOllama } from '../../../../test/testbed/scripted-ollama.ts'

const model = 'qwen3:0.6b'
const sum = (lines: { response?: string }[]) => lines.map(({ response }) => response ?? '').join('')

test('an answer is handed on piece by piece, byte for byte, and its tokens are counted', async () => {
  await using ollama = await startScriptedOllama({ answers: [{ text: 'print( 1 )', tokensIn: 12 }] })
  await using opened = await openGateway({ upstreams: [ollama.url] })
  const url = await opened.urlFor('a')
  const direct = await post(`${ollama.url}/api/generate`, { model, prompt: 'hi' })
  const { status, lines } = await post(`${url}/api/generate`, { model, prompt: 'hi' })
  expect(status).toBe(200)
  expect(sum(lines)).toBe('print( 1 )')
  const at = { created_at: expect.any(String) }
  expect(lines).toEqual(direct.lines.map((line) => ({ ...line, ...at })))
  expect(opened.usage).toEqual([{ job: 'a', tokensIn: 12, tokensOut: 3 }])
})

test('the model server is always asked to stream, also for a caller that is not', async () => {
  await using ollama = await startScriptedOllama({ answers: [{ thinking: 'well now', text: 'a b c' }] })
  await using opened = await openGateway({ upstreams: [ollama.url] })
  const url = await opened.urlFor('a')
  const generated = await post(`${url}/api/generate`, { model, prompt: 'hi', stream: false })
  expect(generated.lines).toMatchObject([
    { response: 'a b c', thinking: 'well now', done: true, done_reason: 'stop', eval_count: 5 },
  ])
  const messages = [{ role: 'user', content: 'hi' }]
  const chatted = await post(`${url}/api/chat`, { model, messages, stream: false })
  expect(chatted.lines).toMatchObject([
    { message: { role: 'assistant', content: 'a b c', thinking: 'well now' }, done: true, eval_count: 5 },
  ])
  const asked = ollama.requests.filter(({ path }) => path === '/api/generate' || path === '/api/chat')
  expect(asked.map(({ body }) => body['stream'])).toEqual([true, true])
})

test('an empty answer that was all thought away comes with its done_reason', async () => {
  await using ollama = await startScriptedOllama({
    answers: [{ thinking: 'so long a thought', text: 'late' }],
  })
  await using opened = await openGateway({ upstreams: [ollama.url] })
  const url = await opened.urlFor('a')
  const { lines } = await post(`${url}/api/generate`, { model, prompt: 'hi', options: { num_predict: 2 } })
  expect(sum(lines)).toBe('')
  expect(lines.at(-1)).toMatchObject({ done: true, done_reason: 'length' })
  expect(opened.usage).toMatchObject([{ tokensOut: 2 }])
})

test('facts are passed on, without the host’s paths: show, ps, version', async () => {
  await using ollama = await startScriptedOllama({
    models: [{ name: model, loaded: true, capabilities: ['completion', 'thinking'] }],
  })
  await using opened = await openGateway({ upstreams: [ollama.url] })
  const url = await opened.urlFor('a')
  for (const body of [{ model }, { name: model }]) {
    const { status, lines, text } = await post(`${url}/api/show`, body)
    expect(text).not.toContain('/usr/share')
    expect([status, lines]).toMatchObject([200, [{ capabilities: ['completion', 'thinking'] }]])
  }
  expect(await post(`${url}/api/show`, { model: 'other' })).toMatchObject({ status: 404 })
  expect(await (await fetch(`${url}/api/ps`)).json()).toMatchObject({ models: [{ name: model }] })
  expect(await (await fetch(`${url}/api/version`)).json()).toEqual({ version: '0.17.4' })
})

test('of two model servers the one that has the model is asked, then the one that has it loaded', async () => {
  const other = { name: 'other:1b' }
  await using one = await startScriptedOllama({ answers: ['one'], models: [other, { name: model }] })
  await using two = await startScriptedOllama({ answers: ['two'], models: [{ name: model, loaded: true }] })
  await using opened = await openGateway({ upstreams: [one.url, two.url] })
  const url = `${await opened.urlFor('a')}/api/generate`
  expect(sum((await post(url, { model: 'other:1b', prompt: 'hi' })).lines)).toBe('one')
  expect(sum((await post(url, { model, prompt: 'hi' })).lines)).toBe('two')
})

test('a call goes to the other model server when the first one is away', async () => {
  const gone = await startScriptedOllama({})
  await gone[Symbol.asyncDispose]()
  await using there = await startScriptedOllama({ answers: ['there'] })
  await using opened = await openGateway({ upstreams: [gone.url, there.url] })
  const { lines } = await post(`${await opened.urlFor('a')}/api/generate`, { model, prompt: 'hi' })
  expect(sum(lines)).toBe('there')
})

test('models and health tell what there is, and what to do where the model is missing', async () => {
  await using ollama = await startScriptedOllama({
    models: [
      { name: model, loaded: true, capabilities: ['completion'], contextLength: 40_960, gpuShare: 0.25 },
      { name: 'other:1b' },
    ],
  })
  await using opened = await openGateway({ upstreams: [ollama.url] })
  const bytes = 522_653_767
  expect(await opened.gateway.models(model)).toEqual([
    {
      name: model,
      bytes,
      loaded: true,
      default: true,
      capabilities: ['completion'],
      contextLength: 40_960,
      memory: { bytes, gpuShare: expect.closeTo(0.25), contextLength: 8192 },
    },
    {
      name: 'other:1b',
      bytes,
      loaded: false,
      default: false,
      capabilities: ['completion'],
      contextLength: null,
      memory: null,
    },
  ])
  expect(await opened.gateway.health(model)).toMatchObject({ ok: true, name: model })
  expect(await opened.gateway.health('absent:1b')).toMatchObject({
    ok: false,
    message: expect.stringContaining('ollama pull absent:1b'),
  })
})
