import { once } from 'node:events'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { request } from 'undici'
import { expect, test } from 'vitest'
import { openGateway, post } from '../../../../test/testbed/gateway.ts'
import { startScriptedOllama } from '../../../../test/testbed/scripted-ollama.ts'

const model = 'qwen3:0.6b'

test.each([
  ['POST', '/api/pull', 403],
  ['POST', '/api/create', 403],
  ['DELETE', '/api/delete', 403],
  ['POST', '/api/push', 403],
  ['POST', '/api/copy', 403],
  ['HEAD', '/api/blobs/sha256:00', 403],
  ['POST', '/api/embed', 403],
  ['POST', '/v1/completions', 403],
  ['POST', '/api/generate/', 403],
  ['POST', '//api/generate', 404],
  ['POST', '/api/%67enerate', 403],
  ['POST', '/api/generate/../pull', 403],
  ['GET', '/', 404],
  ['GET', '/api/generate', 405],
  ['POST', '/api/tags', 405],
])('%s %s is refused with %i and never reaches the model server', async (method, path, status) => {
  await using ollama = await startScriptedOllama({})
  await using opened = await openGateway({ upstreams: [ollama.url] })
  const { port } = new URL(await opened.urlFor('a'))
  const socket = connect(Number(port), '127.0.0.1')
  socket.end(
    `${method} ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}`,
  )
  const answer = (await socket.setEncoding('utf8').toArray()).join('')
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  if (method !== 'HEAD') expect(answer).toMatch(/\{"error":.*"code":"\w+"\}/)
  expect(ollama.requests).toEqual([])
})

test('a refusal that comes before the body is read, and the connection goes on', async () => {
  await using ollama = await startScriptedOllama({})
  await using opened = await openGateway({ upstreams: [ollama.url] })
  const { port } = new URL(await opened.urlFor('a'))
  await using socket = connect(Number(port), '127.0.0.1').setEncoding('utf8')
  for (let n = 0; n < 2; n++) {
    socket.write('POST /api/pull HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n')
    let answer = ''
    while (!answer.endsWith('\r\n0\r\n\r\n')) answer += String((await once(socket, 'data'))[0])
    expect(answer).toMatch(/^HTTP\/1.1 403 /)
    socket.write('{}')
  }
})

test('a sandbox without a job may look, but not generate', async () => {
  await using ollama = await startScriptedOllama({})
  await using opened = await openGateway({ upstreams: [ollama.url] })
  const url = await opened.urlFor(null)
  for (const path of ['/api/generate', '/api/chat', '/v1/chat/completions']) {
    expect(await post(url + path, { model, prompt: 'hi' })).toMatchObject({ status: 403 })
  }
  expect((await fetch(`${url}/api/tags`)).status).toBe(200)
  expect(ollama.requests.map(({ path }) => path)).toEqual(['/api/tags', '/api/ps'])
})

test('num_ctx and num_predict are clamped, keep_alive and the placement of a model are the server’s', async () => {
  await using ollama = await startScriptedOllama({})
  await using opened = await openGateway({ upstreams: [ollama.url], maxContext: 16_384, maxPredict: 100 })
  const url = await opened.urlFor('a')
  const options = { num_ctx: 1e9, num_predict: -1, temperature: 0.7, num_gpu: 99, num_thread: 64 }
  await post(`${url}/api/generate`, { model, prompt: 'hi', keep_alive: 0, options })
  await post(`${url}/api/generate`, { model, prompt: 'hi', options: { num_ctx: 2048, num_predict: 7 } })
  await post(`${url}/api/generate`, { model, prompt: 'hi' })
  const [first, second, third] = await Promise.all([1, 2, 3].map((n) => ollama.generation(n)))
  expect(first?.body).toEqual({
    model,
    prompt: 'hi',
    stream: true,
    options: { num_ctx: 16_384, num_predict: 100, temperature: 0.7 },
  })
  expect(second?.body['options']).toEqual({ num_ctx: 2048, num_predict: 7 })
  expect(third?.body['options']).toEqual({ num_ctx: 8192, num_predict: 100 })
})

test.each([
  ['an unknown field', { model, prompt: 'hi', image: 'x' }, 'image'],
  ['__proto__', `{"model":"${model}","prompt":"hi","__proto__":{"stream":false}}`, '__proto__'],
  ['an unknown option', { model, options: { num_gpus: 1 } }, 'options.num_gpus'],
  ['a wrong type', { model, prompt: 7 }, 'prompt'],
  ['no model', { prompt: 'hi' }, 'model'],
  ['a model name that is none', { model: '../../x', prompt: 'hi' }, 'model'],
  ['a negative context', { model, options: { num_ctx: -5 } }, 'options.num_ctx'],
  ['very deep JSON', `{"model":"${model}","format":${'['.repeat(1e5)}${']'.repeat(1e5)}}`, 'format'],
  ['a debugging switch', { model, prompt: 'hi', _debug_render_only: true }, '_debug_render_only'],
  ['no JSON', 'prompt=hi', 'JSON'],
])('a body with %s is a 400 that names it', async (_, body, named) => {
  await using ollama = await startScriptedOllama({})
  await using opened = await openGateway({ upstreams: [ollama.url] })
  const { status, lines } = await post(`${await opened.urlFor('a')}/api/generate`, body)
  expect(status).toBe(400)
  expect(lines[0]).toMatchObject({ code: 'bad_request', error: expect.stringContaining(named) })
  expect(ollama.requests).toEqual([])
})

test('too many messages are refused', async () => {
  await using ollama = await startScriptedOllama({})
  await using opened = await openGateway({ upstreams: [ollama.url] })
  const messages = Array.from({ length: 1001 }, () => ({ role: 'user', content: '' }))
  const { status, text } = await post(`${await opened.urlFor('a')}/api/chat`, { model, messages })
  expect([status, text]).toEqual([400, expect.stringContaining('messages')])
})

test('a prompt of 10 MB is refused, said in its length or not; one of 3 MB is taken', async () => {
  await using ollama = await startScriptedOllama({})
  await using opened = await openGateway({ upstreams: [ollama.url] })
  const url = `${await opened.urlFor('a')}/api/generate`
  expect(await post(url, { model, prompt: 'x'.repeat(3e6) })).toMatchObject({ status: 200 })
  const body = Buffer.from(JSON.stringify({ model, prompt: 'x'.repeat(1e7) }))
  async function* chunks() {
    for (let at = 0; at < body.length; at += 65_536) yield body.subarray(at, at + 65_536)
  }
  for (const sent of [body, Readable.from(chunks())]) {
    const answer = await request(url, { method: 'POST', body: sent }).then(
      ({ statusCode, body }) => body.dump().then(() => statusCode),
      () => 'connection closed',
    )
    expect([413, 'connection closed']).toContain(answer)
  }
  expect(ollama.requests.filter(({ path }) => path === '/api/generate')).toHaveLength(1)
})

test('only models that a model server has can be used, and remote ones count as none', async () => {
  const models = [{ name: model }, { name: 'gpt-oss:120b-cloud', remoteHost: 'https://ollama.com' }]
  await using ollama = await startScriptedOllama({ models })
  await using opened = await openGateway({ upstreams: [ollama.url] })
  const url = await opened.urlFor('a')
  for (const other of ['llama3', 'gpt-oss:120b-cloud', 'registry.example/x/y:z']) {
    const { status, lines } = await post(`${url}/api/generate`, { model: other, prompt: 'hi' })
    expect([status, lines]).toMatchObject([404, [{ error: `model '${other}' not found` }]])
  }
  expect(ollama.requests.some(({ path }) => path === '/api/generate')).toBe(false)
  const tags = (await (await fetch(`${url}/api/tags`)).json()) as { models: { name: string }[] }
  expect(tags.models.map(({ name }) => name)).toEqual([model])
})

test('a name without a tag means latest', async () => {
  await using ollama = await startScriptedOllama({ models: [{ name: 'smollm2:latest' }] })
  await using opened = await openGateway({ upstreams: [ollama.url] })
  const { status } = await post(`${await opened.urlFor('a')}/api/generate`, {
    model: 'SmolLM2',
    prompt: 'hi',
  })
  expect(status).toBe(404)
  const lower = await post(`${await opened.urlFor('a')}/api/generate`, { model: 'smollm2', prompt: 'hi' })
  expect(lower.status).toBe(200)
})

test('thinking asked of a model that cannot is the model server’s own 400', async () => {
  await using ollama = await startScriptedOllama({ models: [{ name: model }] })
  await using opened = await openGateway({ upstreams: [ollama.url] })
  const { status, lines } = await post(`${await opened.urlFor('a')}/api/generate`, {
    model,
    prompt: 'hi',
    think: true,
  })
  expect([status, lines]).toMatchObject([400, [{ error: `"${model}" does not support thinking` }]])
})

test('a body that trickles in does not keep a slot', async () => {
  await using ollama = await startScriptedOllama({})
  await using opened = await openGateway({ upstreams: [ollama.url] })
  const url = new URL(await opened.urlFor('a'))
  const socket = connect(Number(url.port), '127.0.0.1')
  socket.write('POST /api/generate HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{"model"')
  await once(socket, 'connect')
  expect(await post(`${url.origin}/api/generate`, { model, prompt: 'hi' })).toMatchObject({ status: 200 })
  socket.destroy()
})
