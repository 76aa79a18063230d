import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { installDemonstration, installEngine } from '../packages/engine/src/install.ts'
import { GEMMA, SMOLLM } from '../packages/engine/src/models.ts'
import { startEngine, type EngineProcess } from '../packages/engine/src/start.ts'

interface Line {
  response: string
  message: { role: string; content: string }
  done: boolean
  done_reason: string
  total_duration: number
  prompt_eval_count: number
  prompt_eval_duration: number
  eval_count: number
  error: string
}

const models = join(process.env['VITRINE_CACHE_DIR'] ?? join(homedir(), '.cache', 'vitrine'), 'models')
const reporting = { progress: (line: string) => console.error(line) }
/** One second on a free machine; the other one is for a busy one. */
const SOON_MS = 2_000
const endless = { temperature: 1, repeat_penalty: 1.5, num_predict: -1, num_ctx: 4096 }

beforeAll(async () => {
  await installEngine(reporting)
}, 300_000)

describe('a base model', () => {
  const model = GEMMA.name
  let engine: EngineProcess

  beforeAll(async () => {
    const { file } = await installDemonstration(GEMMA, models, reporting)
    engine = await startEngine({ modelFile: file, name: model })
  }, 300_000)
  afterAll(async () => engine.stop())

  test('is listed with what it is, and shown as one that only completes', async () => {
    const identity = { name: model, size: GEMMA.size, digest: GEMMA.sha256, details: { family: 'gemma3' } }
    expect(await get('/api/tags')).toMatchObject({ models: [identity] })
    expect(await get('/api/ps')).toMatchObject({ models: [{ ...identity, size_vram: 0 }] })
    expect(await get('/api/version')).toHaveProperty('version')
    const shown = await (await post('/api/show', { model })).json()
    expect(shown).toMatchObject({
      template: '',
      capabilities: ['completion'],
      details: { format: 'gguf', parameter_size: '268.10M', quantization_level: 'Q4_K_M' },
      model_info: { 'general.architecture': 'gemma3', 'gemma3.context_length': 32_768 },
    })
  })

  test('streams a raw completion as NDJSON and ends with its figures', async () => {
    const options = { num_predict: 8, temperature: 0 }
    const response = await post('/api/generate', { model, raw: true, prompt: '1, 2, 3, 4,', options })
    expect(response.headers.get('content-type')).toBe('application/x-ndjson')
    const lines = (await response.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line)
    expect(lines.map(({ response: text }) => text).join('')).toBe(' 5, 6, 7')
    expect(lines.slice(0, -1).every(({ done }) => !done)).toBe(true)
    expect(lines.at(-1)).toMatchObject({
      done: true,
      done_reason: 'length',
      prompt_eval_count: 12,
      eval_count: 8,
    })
    expect(lines.at(-1)?.total_duration).toBeGreaterThan(1_000_000)
  })

  test('stops before a stop string', async () => {
    const options = { temperature: 0, stop: ['6'] }
    const answer = await whole('/api/generate', { model, raw: true, prompt: '1, 2, 3, 4,', options })
    expect(answer).toMatchObject({ response: ' 5, ', done_reason: 'stop' })
  })

  test('answers alike with one seed and unlike with others', async () => {
    const ask = async (seed?: number) => {
      const options = { num_predict: 16, temperature: 1.2, ...(seed === undefined ? {} : { seed }) }
      return (await whole('/api/generate', { model, raw: true, prompt: 'Once upon a time', options }))
        .response
    }
    expect(await ask(7)).toBe(await ask(7))
    expect(new Set([await ask(), await ask(), await ask()]).size).toBeGreaterThan(1)
  })

  test('does not compute the beginning that two prompts share twice', async () => {
    const beginning = 'The quick brown fox jumps over the lazy dog. '.repeat(40)
    const ask = (end: string) =>
      whole('/api/generate', { model, raw: true, prompt: beginning + end, options: { num_predict: 1 } })
    const first = await ask('One')
    const second = await ask('Two')
    expect(second.prompt_eval_count).toBe(first.prompt_eval_count)
    expect(second.prompt_eval_duration).toBeLessThan(first.prompt_eval_duration / 3)
  })

  test('takes chat too, as plain text', async () => {
    const messages = [{ role: 'user', content: '1, 2, 3, 4,' }]
    const answer = await whole('/api/chat', { model, messages, options: { temperature: 0, num_predict: 5 } })
    expect(answer.message).toEqual({ role: 'assistant', content: ' 5, 6' })
  })

  test('refuses a prompt that is larger than the context, and goes on', async () => {
    const response = await post('/api/generate', {
      model,
      raw: true,
      prompt: 'word '.repeat(3_000),
      options: { num_ctx: 512 },
    })
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({
      error: expect.stringMatching(/^prompt: 300\d tokens .* 512 tokens/),
    })
    expect(await whole('/api/generate', { model, prompt: 'a', options: { num_predict: 1 } })).toHaveProperty(
      'done',
      true,
    )
  })

  test('ends for lack of room at num_ctx, and takes no more than the model has', async () => {
    const ask = (num_ctx: number, num_predict: number) =>
      whole('/api/generate', {
        model,
        raw: true,
        prompt: '1, 2, 3,',
        options: { temperature: 0, num_ctx, num_predict },
      })
    expect(await ask(32, -1)).toMatchObject({ done_reason: 'length', prompt_eval_count: 9, eval_count: 23 })
    expect(await ask(10_000_000, 2)).toMatchObject({ done_reason: 'length', eval_count: 2 })
    expect(await get('/api/ps')).toMatchObject({ models: [{ context_length: 32_768 }] })
  })

  test.each([
    [404, '/api/generate', { model: 'other', prompt: 'a' }, "model 'other' not found"],
    [404, '/api/show', { model: 'other' }, "model 'other' not found"],
    [404, '/api/pull', { model }, '/api/pull is not served by the embedded engine'],
    [
      400,
      '/api/generate',
      { model, prompt: 'a', options: { top_k: -1 } },
      expect.stringMatching(/^options\.top_k: /),
    ],
    [400, '/api/chat', { model, messages: 'hi' }, expect.stringMatching(/^messages: /)],
    [400, '/api/chat', { model, messages: [], think: true }, `think: "${model}" does not support thinking`],
    [405, '/api/tags', {}, '/api/tags wants GET'],
  ])('answers %i to a wrong %s', async (status, path, body, error) => {
    const response = await post(path, body)
    expect([response.status, await response.json()]).toEqual([status, { error }])
  })

  test('says loaded to a call without a prompt', async () => {
    expect(await (await post('/api/generate', { model })).json()).toMatchObject({
      response: '',
      done_reason: 'load',
    })
    expect(await (await post('/api/chat', { model, messages: [] })).json()).toMatchObject({
      done_reason: 'load',
    })
  })

  test('a caller that goes away makes room for the next within a second', async () => {
    const leave = new AbortController()
    const long = await post(
      '/api/generate',
      { model, raw: true, prompt: 'Once', options: endless },
      leave.signal,
    )
    const queued = post(
      '/api/generate',
      { model, raw: true, prompt: 'Twice', options: endless },
      leave.signal,
    )
    const left = expect(queued).rejects.toThrow()
    const next = whole('/api/generate', {
      model,
      raw: true,
      prompt: '1, 2,',
      options: { num_predict: 1, num_ctx: 4096 },
    })
    const started = performance.now()
    leave.abort()
    await left
    expect(await next).toMatchObject({ done: true, eval_count: 1 })
    expect(performance.now() - started).toBeLessThan(SOON_MS)
    await expect(long.text()).rejects.toThrow()
  })

  test('a caller that goes away while a long prompt is computed does so too', async () => {
    const leave = new AbortController()
    const prompt = Array.from({ length: 1_500 }, (_, index) => `word${index}`).join(' ')
    const long = post(
      '/api/generate',
      { model, raw: true, prompt, options: { num_ctx: 16_384 } },
      leave.signal,
    )
    const left = expect(long).rejects.toThrow()
    await expect.poll(() => get('/api/ps')).toMatchObject({ models: [{ context_length: 32_768 }] })
    const next = whole('/api/generate', { model, raw: true, prompt: '1, 2,', options: { num_predict: 1 } })
    const started = performance.now()
    leave.abort()
    await left
    await next
    expect(performance.now() - started).toBeLessThan(SOON_MS)
  })

  test('refuses web pages', async () => {
    const asked = await fetch(`${engine.url}/api/tags`, { headers: { origin: 'https://example.org' } })
    expect(asked.status).toBe(403)
  })

  async function get(path: string): Promise<unknown> {
    return await (await fetch(engine.url + path)).json()
  }
  async function post(path: string, body: object, signal?: AbortSignal): Promise<Response> {
    return await fetch(engine.url + path, {
      method: 'POST',
      body: JSON.stringify(body),
      signal: signal ?? null,
    })
  }
  async function whole(path: string, body: object): Promise<Line> {
    const response = await post(path, { ...body, stream: false })
    expect(response.status).toBe(200)
    return (await response.json()) as Line
  }
})

describe('an instruction model', () => {
  test('is asked in the form of its own template', async () => {
    const { file, name } = await installDemonstration(SMOLLM, models, reporting)
    await using engine = await startEngine({ modelFile: file, name })
    const ask = async (path: string, body: object) => {
      const request = { method: 'POST', body: JSON.stringify({ model: name, stream: false, ...body }) }
      return (await (await fetch(engine.url + path, request)).json()) as Line
    }
    expect(await ask('/api/show', {})).toMatchObject({
      template: expect.stringContaining('<|im_start|>'),
      capabilities: ['completion'],
    })
    const options = { temperature: 0, num_predict: 40 }
    const content = 'What is the capital of France? Answer in one word.'
    const chat = await ask('/api/chat', { messages: [{ role: 'user', content }], options })
    expect(chat.message.content).toContain('Paris')
    // The template adds the role's markers and a system text of its own.
    expect(chat.prompt_eval_count).toBeGreaterThan(30)
    expect((await ask('/api/generate', { prompt: content, options })).response).toBe(chat.message.content)
    const raw = await ask('/api/generate', { prompt: content, raw: true, options })
    expect(raw.prompt_eval_count).toBeLessThan(20)
  })
})

describe('an engine whose starter is killed', () => {
  test('ends too', async () => {
    const { file, name } = await installDemonstration(SMOLLM, models, reporting)
    const module = new URL('../packages/engine/src/start.ts', import.meta.url).href
    const program = `const { startEngine } = await import(${JSON.stringify(module)})
      console.log((await startEngine(${JSON.stringify({ modelFile: file, name })})).pid)`
    const starter = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [printed] = (await once(starter.stdout, 'data')) as [Buffer]
    const engine = Number(printed.toString())
    expect(alive(engine)).toBe(true)
    starter.kill('SIGKILL')
    await expect.poll(() => alive(engine), { timeout: 10_000 }).toBe(false)
  })

  function alive(pid: number): boolean {
    try {
      return process.kill(pid, 0)
    } catch {
      return false
    }
  }
})

describe('an engine that cannot start', () => {
  test('says why', async () => {
    const missing = startEngine({ modelFile: '/nowhere/model.gguf', name: 'm' })
    await expect(missing).rejects.toThrow(/did not start \(exit code 1\):\nengine: .*\/nowhere\/model\.gguf/)
    await expect(startEngine({ modelFile: import.meta.filename, name: 'm' })).rejects.toThrow(/engine: /)
  })
})
