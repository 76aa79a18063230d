import { expect, test } from 'vitest'
import { openGateway, post } from '../../../../test/testbed/gateway.ts'
import { startScriptedOllama } from '../../../../test/testbed/scripted-ollama.ts'

const model = 'qwen3:0.6b'
const messages = [{ role: 'user', content: 'hi' }]
const events = (text: string) =>
  text
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => (event === 'data: [DONE]' ? event : (JSON.parse(event.replace(/^data: /, '')) as object)))

test('a completion comes as OpenAI’s clients expect it', async () => {
  await using ollama = await startScriptedOllama({
    answers: [{ thinking: 'hmm', text: 'print( 1 )', tokensIn: 9 }],
  })
  await using opened = await openGateway({ upstreams: [ollama.url] })
  const { status, lines } = await post(`${await opened.urlFor('a')}/v1/chat/completions`, { model, messages })
  expect(status).toBe(200)
  expect(lines).toEqual([
    {
      id: expect.stringMatching(/^chatcmpl-/),
      object: 'chat.completion',
      created: expect.any(Number),
      model,
      system_fingerprint: 'fp_ollama',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'print( 1 )', reasoning: 'hmm' },
          finish_reason: 'stop',
        },
      ],
      usage: { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 },
    },
  ])
  expect(opened.usage).toEqual([{ job: 'a', tokensIn: 9, tokensOut: 4 }])
})

test('a streamed completion is server-sent events with the usage at the end and [DONE]', async () => {
  await using ollama = await startScriptedOllama({ answers: [{ text: 'a b', doneReason: 'length' }] })
  await using opened = await openGateway({ upstreams: [ollama.url] })
  const { text } = await post(`${await opened.urlFor('a')}/v1/chat/completions`, {
    model,
    messages,
    stream: true,
    stream_options: { include_usage: true },
  })
  const delta = (content: string, finish_reason: string | null) => ({
    object: 'chat.completion.chunk',
    choices: [{ delta: { role: 'assistant', content }, finish_reason }],
    usage: null,
  })
  expect(events(text)).toMatchObject([
    delta('a', null),
    delta(' b', null),
    delta('', 'length'),
    { choices: [], usage: { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 } },
    'data: [DONE]',
  ])
})

test('what a client asks for becomes Ollama’s own request, bounded like any other', async () => {
  await using ollama = await startScriptedOllama({})
  await using opened = await openGateway({ upstreams: [ollama.url], maxContext: 4096, maxPredict: 100 })
  const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }
  const { status } = await post(`${await opened.urlFor('a')}/v1/chat/completions`, {
    model,
    messages: [
      { role: 'developer', content: 'be brief' },
      { role: 'user', content: [{ type: 'text', text: 'look' }, image] },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'c1', type: 'function', function: { name: 'run', arguments: '{"n":1}' } }],
      },
      { role: 'tool', tool_call_id: 'c1', content: '1' },
    ],
    max_tokens: 1e9,
    temperature: 0.5,
    stop: ['x'],
    seed: 3,
    reasoning_effort: 'none',
    response_format: { type: 'json_schema', json_schema: { name: 's', schema: { type: 'object' } } },
    n: 1,
    user: 'me',
  })
  expect(status).toBe(200)
  expect((await ollama.generation(1)).body).toEqual({
    model,
    stream: true,
    think: false,
    format: { type: 'object' },
    messages: [
      { role: 'system', content: 'be brief' },
      { role: 'user', content: 'look', images: ['AAAA'] },
      {
        role: 'assistant',
        content: '',
        tool_calls: [{ id: 'c1', function: { name: 'run', arguments: { n: 1 } } }],
      },
      { role: 'tool', content: '1', tool_call_id: 'c1' },
    ],
    options: { num_ctx: 4096, num_predict: 100, temperature: 0.5, stop: ['x'], seed: 3 },
  })
})

test('tool calls come as OpenAI writes them, streamed or not', async () => {
  const toolCalls = [{ id: 'call_1', function: { name: 'run', arguments: { n: 1 } } }]
  await using ollama = await startScriptedOllama({ answers: [{ toolCalls }] })
  await using opened = await openGateway({ upstreams: [ollama.url] })
  const url = `${await opened.urlFor('a')}/v1/chat/completions`
  const call = { id: 'call_1', index: 0, type: 'function', function: { name: 'run', arguments: '{"n":1}' } }
  const whole = await post(url, { model, messages })
  expect(whole.lines).toMatchObject([
    { choices: [{ message: { tool_calls: [call] }, finish_reason: 'tool_calls' }] },
  ])
  const streamed = await post(url, { model, messages, stream: true })
  expect(events(streamed.text)).toMatchObject([
    { choices: [{ delta: { tool_calls: [call] }, finish_reason: null }] },
    { choices: [{ finish_reason: 'tool_calls' }] },
    'data: [DONE]',
  ])
})

test('errors have OpenAI’s shape, before and within a stream', async () => {
  await using ollama = await startScriptedOllama({
    answers: [{ text: 'a', ending: { error: 'out of memory' } }],
  })
  await using opened = await openGateway({ upstreams: [ollama.url] })
  const url = `${await opened.urlFor('a')}/v1/chat/completions`
  const unknown = await post(url, { model, messages, best_of: 3 })
  expect([unknown.status, unknown.lines]).toMatchObject([
    400,
    [{ error: { message: 'best_of: unknown field', type: 'invalid_request_error', code: 'bad_request' } }],
  ])
  const absent = await post(url, { model: 'gpt-5', messages })
  expect([absent.status, absent.lines]).toMatchObject([404, [{ error: { code: 'model_not_found' } }]])
  const streamed = await post(url, { model, messages, stream: true })
  expect(events(streamed.text).at(-1)).toMatchObject({
    error: { message: 'out of memory', type: 'api_error' },
  })
})

test('a tool call whose arguments are no JSON is refused', async () => {
  await using ollama = await startScriptedOllama({})
  await using opened = await openGateway({ upstreams: [ollama.url] })
  const bad = { role: 'assistant', tool_calls: [{ function: { name: 'run', arguments: '{' } }] }
  const { status } = await post(`${await opened.urlFor('a')}/v1/chat/completions`, { model, messages: [bad] })
  expect(status).toBe(400)
})

test('the models are listed', async () => {
  await using ollama = await startScriptedOllama({})
  await using opened = await openGateway({ upstreams: [ollama.url] })
  const answer = await fetch(`${await opened.urlFor('a')}/v1/models`)
  expect(await answer.json()).toEqual({
    object: 'list',
    data: [{ id: model, object: 'model', created: 0, owned_by: 'library' }],
  })
})
