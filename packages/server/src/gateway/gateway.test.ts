import { once } from 'node:events'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { request } from 'undici'
import { expect, test, vi } from 'vitest'
import { openGateway, post, postUnread } from '../../../../test/testbed/gateway.ts'
import {
  startScriptedOllama,
  type ScriptedAnswer,
  type ScriptedRequest,
} from '../../../../test/testbed/scripted-ollama.ts'

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
  await using opened = await openGateway({ upstreams: [ollama.url], maxContext: 8192, maxPredict: 100 })
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
    options: { num_ctx: 8192, num_predict: 100, temperature: 0.7 },
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

const faults: [
  string,
  ScriptedAnswer | { status: number; error: string } | { status: number; html: string },
  string,
][] = [
  ['an error in mid-stream', { text: 'a b', ending: { error: 'CUDA out of memory' } }, 'CUDA out of memory'],
  ['garbage', { text: 'a b', ending: { garbage: '<html>\n' } }, 'Ollama’s protocol'],
  ['a broken connection', { text: 'a b', pieceMs: 20, ending: 'reset' }, 'broke off'],
  ['a stream that ends before it is done', { text: 'a b', ending: 'end' }, 'before it was done'],
  ['silence', { text: 'a b', ending: 'stall' }, 'fell silent'],
  ['endless tokens', { text: 'a b', ending: 'endless' }, 'limits of an answer'],
  ['a 500', { status: 500, error: 'llama runner process has terminated' }, 'runner process has terminated'],
  ['a page', { status: 502, html: '<h1>Bad gateway</h1>' }, 'answered with status 502'],
]

test.each(faults)(
  '%s is an error for the caller, and the next one gets the slot',
  async (_, fault, message) => {
    await using ollama = await startScriptedOllama({ answers: [fault, fault, 'fine'] })
    await using opened = await openGateway({
      upstreams: [ollama.url],
      maxPredict: 50,
      limits: { chunkMs: 100 },
    })
    const url = `${await opened.urlFor('a')}/api/generate`
    const streamed = await post(url, { model, prompt: 'hi' })
    expect(streamed.lines.at(-1)).toMatchObject({ error: expect.stringContaining(message) })
    if ('text' in fault) {
      expect(streamed.status).toBe(200)
      expect(sum(streamed.lines)).toMatch(/^a b/)
      expect(streamed.lines.some(({ done }) => done)).toBe(false)
      expect(opened.usage[0]?.tokensOut).toBeGreaterThanOrEqual(2)
    } else expect(streamed.status).toBe(502)
    const whole = await post(url, { model, prompt: 'hi', stream: false })
    expect(whole.status).toBeGreaterThanOrEqual(502)
    expect(whole.lines).toMatchObject([{ error: expect.stringContaining(message) }])
    expect(sum((await post(url, { model, prompt: 'hi' })).lines)).toBe('fine')
  },
)

test('a line longer than any model’s is an error, not memory', async () => {
  await using ollama = await startScriptedOllama({ answers: [{ ending: { garbage: 'x'.repeat(6e6) } }] })
  await using opened = await openGateway({ upstreams: [ollama.url] })
  const { status, lines } = await post(`${await opened.urlFor('a')}/api/generate`, { model, prompt: 'hi' })
  expect([status, lines]).toMatchObject([502, [{ error: expect.stringContaining('Ollama’s protocol') }]])
})

test('a busy model server is asked again until it answers, with a visible reason', async () => {
  const busy = { status: 503, error: 'server busy, please try again.  maximum pending requests exceeded' }
  await using ollama = await startScriptedOllama({ answers: [busy, busy, 'at last'] })
  await using opened = await openGateway({ upstreams: [ollama.url] })
  const { status, lines } = await post(`${await opened.urlFor('a')}/api/generate`, { model, prompt: 'hi' })
  expect([status, sum(lines)]).toEqual([200, 'at last'])
  expect(opened.waits.map(({ message }) => message)).toEqual(['model server is busy (0 s)', null])
})

test('a busy model server is given up on in the end', async () => {
  const answers = [{ status: 503, error: 'server busy' }]
  await using ollama = await startScriptedOllama({ answers })
  await using opened = await openGateway({ upstreams: [ollama.url], limits: { patienceMs: 200 } })
  const { status, lines } = await post(`${await opened.urlFor('a')}/api/generate`, { model, prompt: 'hi' })
  expect([status, lines]).toMatchObject([503, [{ error: 'server busy', code: 'model_busy' }]])
})

test('a model server that is away is waited for', async () => {
  const before = await startScriptedOllama({})
  const { port } = new URL(before.url)
  await before[Symbol.asyncDispose]()
  await using opened = await openGateway({ upstreams: [before.url] })
  const answer = post(`${await opened.urlFor('a')}/api/generate`, { model, prompt: 'hi' })
  await vi.waitFor(() => expect(opened.waits).toMatchObject([{ message: 'model server is away (0 s)' }]))
  await using _ = await startScriptedOllama({ answers: ['back'], port: Number(port) })
  const { status, lines } = await answer
  expect([status, sum(lines)]).toEqual([200, 'back'])
  expect(opened.waits.at(-1)).toEqual({ job: 'a', message: null })
})

test('a model server that stays away is a typed error, for those behind in the row too', async () => {
  const gone = await startScriptedOllama({})
  await gone[Symbol.asyncDispose]()
  await using opened = await openGateway({ upstreams: [gone.url], limits: { patienceMs: 300 } })
  const urls = await Promise.all(['a', 'b', 'c', 'd'].map((job) => opened.urlFor(job)))
  const began = performance.now()
  const answers = await Promise.all(urls.map((url) => post(`${url}/api/generate`, { model, prompt: 'hi' })))
  for (const { status, lines } of answers) {
    expect([status, lines]).toMatchObject([503, [{ code: 'model_unavailable' }]])
  }
  expect(performance.now() - began).toBeLessThan(1500)
  expect(opened.waits.at(-1)?.message).toBeNull()
})

test('where there is no model server yet, calls wait for one, and not for ever', async () => {
  await using ollama = await startScriptedOllama({})
  await using opened = await openGateway({ upstreams: [], limits: { patienceMs: 400 } })
  const url = `${await opened.urlFor('a')}/api/generate`
  const answer = post(url, { model, prompt: 'hi' })
  await vi.waitFor(() => expect(opened.waits).toMatchObject([{ message: 'model server is away' }]))
  opened.gateway.setUpstreams([ollama.url])
  expect(await answer).toMatchObject({ status: 200 })
  opened.gateway.setUpstreams([])
  const { status, lines } = await post(url, { model, prompt: 'hi' })
  expect([status, lines]).toMatchObject([503, [{ code: 'model_unavailable' }]])
  opened.gateway.setUpstreams([ollama.url])
  expect(await post(url, { model, prompt: 'hi' })).toMatchObject({ status: 200 })
})

test.each(['while the model loads', 'in mid-answer'])(
  'a caller that goes away %s ends the generation within a second, and the next one gets the slot',
  async (when) => {
    const slow =
      when === 'in mid-answer' ? { text: 'a '.repeat(500), pieceMs: 10 } : { headerAfterMs: 60_000 }
    await using ollama = await startScriptedOllama({ answers: [slow, 'next'] })
    await using opened = await openGateway({ upstreams: [ollama.url] })
    const url = `${await opened.urlFor('a')}/api/generate`
    const call = await postUnread(url, { model, prompt: 'hi', stream: when !== 'in mid-answer' })
    const generation = await ollama.generation(1)
    if (when === 'in mid-answer') await vi.waitFor(() => expect(generation.sent.pieces).toBeGreaterThan(3))
    const left = performance.now()
    call.destroy()
    expect(await generation.over).toBe('aborted')
    expect(performance.now() - left).toBeLessThan(1000)
    expect(sum((await post(url, { model, prompt: 'hi' })).lines)).toBe('next')
  },
)

test('a caller that goes away while it waits is never asked for', async () => {
  await using ollama = await startScriptedOllama({ answers: [{ text: 'x '.repeat(100), pieceMs: 5 }, 'y'] })
  await using opened = await openGateway({ upstreams: [ollama.url] })
  const first = post(`${await opened.urlFor('a')}/api/generate`, { model, prompt: 'first' })
  await ollama.generation(1)
  const call = await postUnread(`${await opened.urlFor('b')}/api/generate`, { model, prompt: 'second' })
  await vi.waitFor(() => expect(opened.waits).toEqual([{ job: 'b', message: 'queued at 1' }]))
  call.destroy()
  await vi.waitFor(() => expect(opened.waits.at(-1)).toEqual({ job: 'b', message: null }))
  await first
  await post(`${await opened.urlFor('c')}/api/generate`, { model, prompt: 'third' })
  expect((await ollama.generation(2)).body['prompt']).toBe('third')
})

test('a stream that is never read does not grow memory, and is cut', async () => {
  await using ollama = await startScriptedOllama({ answers: [{ ending: 'endless' }, 'next'] })
  await using opened = await openGateway({
    upstreams: [ollama.url],
    maxPredict: 1e6,
    limits: { unreadMs: 300, answerBytes: 1e9 },
  })
  const url = `${await opened.urlFor('a')}/api/generate`
  const call = await postUnread(url, { model, prompt: 'hi' })
  const response = await call.response
  const closed = once(response, 'error')
  const generation = await ollama.generation(1)
  expect(await generation.over).toBe('aborted')
  // Loopback sockets hold some megabytes; a gateway that did not stop reading would have gone on to a hundred.
  expect(generation.sent.bytes).toBeLessThan(40e6)
  expect(sum((await post(url, { model, prompt: 'hi' })).lines)).toBe('next')
  response.resume()
  await closed
})

test('an answer may not take for ever', async () => {
  await using ollama = await startScriptedOllama({ answers: [{ text: 'x '.repeat(1000), pieceMs: 10 }] })
  await using opened = await openGateway({ upstreams: [ollama.url], limits: { callMs: 150 } })
  const { lines } = await post(`${await opened.urlFor('a')}/api/generate`, { model, prompt: 'hi' })
  expect(lines.at(-1)).toMatchObject({ code: 'answer_too_long', error: expect.stringContaining('0.15 s') })
  expect(await (await ollama.generation(1)).over).toBe('aborted')
})

test('no header in time is an error', async () => {
  await using ollama = await startScriptedOllama({ answers: [{ headerAfterMs: 60_000 }] })
  await using opened = await openGateway({ upstreams: [ollama.url], limits: { headerMs: 100 } })
  const { status, lines } = await post(`${await opened.urlFor('a')}/api/generate`, { model, prompt: 'hi' })
  expect([status, lines]).toMatchObject([504, [{ code: 'model_timeout' }]])
})

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
  await vi.waitFor(() => expect(statuses).toEqual(Array.from({ length: 1000 - 16 }, () => 429)), 5000)
  const answer = post(modest, { model, prompt: 'modest' })
  await vi.waitFor(() => expect(opened.waits).toContainEqual({ job: 'modest', message: 'queued at 2' }))
  gate.open()
  expect(await answer).toMatchObject({ status: 200 })
  await Promise.all(flood)
  expect(statuses.filter((status) => status === 200)).toHaveLength(16)
  expect((await ollama.generation(3)).body['prompt']).toBe('modest')
  expect(ollama.mostAtOnce()).toBe(1)
})

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
    models: [{ name: model, loaded: true, capabilities: ['completion'] }, { name: 'other:1b' }],
  })
  await using opened = await openGateway({ upstreams: [ollama.url] })
  expect(await opened.gateway.models(model)).toEqual([
    { name: model, bytes: 522_653_767, loaded: true, default: true, capabilities: ['completion'] },
    { name: 'other:1b', bytes: 522_653_767, loaded: false, default: false, capabilities: ['completion'] },
  ])
  expect(await opened.gateway.health(model)).toMatchObject({ ok: true, name: model })
  expect(await opened.gateway.health('absent:1b')).toMatchObject({
    ok: false,
    message: expect.stringContaining('ollama pull absent:1b'),
  })
  opened.gateway.setUpstreams([])
  expect(await opened.gateway.health(model)).toMatchObject({ ok: false })
  await expect(opened.gateway.models(model)).rejects.toMatchObject({ code: 'unavailable' })
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
