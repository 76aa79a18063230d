import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { expect, test, vi } from 'vitest'
import { openGateway, post, postUnread } from '../../../../test/testbed/gateway.ts'
import { startScriptedOllama, type ScriptedAnswer } from '../../../../test/testbed/scripted-ollama.ts'

const model = 'qwen3:0.6b'
const sum = (lines: { response?: string }[]) => lines.map(({ response }) => response ?? '').join('')

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

test('a server that is found away between calls is not asked, and one that came back is at once', async () => {
  const before = await startScriptedOllama({ models: [{ name: model, loaded: true }] })
  const { port } = new URL(before.url)
  await using other = await startScriptedOllama({ answers: ['other'] })
  await using opened = await openGateway({ upstreams: [before.url, other.url], limits: { checkMs: 50 } })
  const url = `${await opened.urlFor('a')}/api/generate`
  expect(sum((await post(url, { model, prompt: 'hi' })).lines)).toBe('hello')
  await before[Symbol.asyncDispose]()
  const asked = () => other.requests.filter(({ path }) => path === '/api/ps').length
  const earlier = asked()
  await vi.waitFor(() => expect(asked()).toBeGreaterThan(earlier), 5000)
  expect(sum((await post(url, { model, prompt: 'hi' })).lines)).toBe('other')
  await using _ = await startScriptedOllama({
    answers: ['back'],
    port: Number(port),
    models: [{ name: model, loaded: true }],
  })
  await vi.waitFor(
    async () => expect(sum((await post(url, { model, prompt: 'hi' })).lines)).toBe('back'),
    5000,
  )
})

test('a connection that the model server has closed meanwhile is no failure of the call', async () => {
  const used = new WeakSet<Socket>()
  await using server = createServer((asked, answer) => {
    if (asked.url !== '/api/generate') return void answer.end(JSON.stringify({ models: [{ name: model }] }))
    if (used.has(asked.socket)) return void asked.socket.destroy()
    used.add(asked.socket)
    answer.end('{"response":"hi","done":true}\n')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await using opened = await openGateway({ upstreams: [`http://127.0.0.1:${port}`] })
  const url = `${await opened.urlFor('a')}/api/generate`
  for (let n = 0; n < 3; n++) expect(sum((await post(url, { model, prompt: 'hi' })).lines)).toBe('hi')
  expect(opened.waits).toEqual([])
})
