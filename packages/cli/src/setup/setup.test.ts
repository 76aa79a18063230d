import { createServer } from 'node:http'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { connect } from '../connection.ts'
import type { Context } from '../context.ts'
import { stepOf } from './build-step.ts'
import { checkSettings } from './check-settings.ts'
import { needRoom } from './disk.ts'
import { askEngine } from './docker.ts'
import { advice, ensureEngine, findEngine } from './engine.ts'
import { execute, mustExecute } from './execute.ts'
import { hashOf } from './hash.ts'
import { lastWords } from './last-words.ts'
import { findModel, progress } from './model.ts'
import { ollamaUrl } from './ollama.ts'
import { givenSettings } from './settings.ts'

const signal = new AbortController().signal

async function startLab() {
  const folder = await mkdtemp(join(tmpdir(), 'vitrine-setup-'))
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}

function testContext(environment: Context['environment']) {
  const said: string[] = []
  const context: Context = {
    out: () => {},
    note: () => {},
    report: { say: (line) => said.push(line), update: () => {} },
    terminal: false,
    colors: false,
    drained: async () => {},
    stdin: process.stdin,
    tty: null,
    environment,
    connect: () => connect(environment, '/nowhere'),
    stateDir: '/nowhere',
    signal,
  }
  return { context, said }
}

/** An HTTP server that answers by path, on a port or a socket. */
async function serve(answers: Record<string, string>, path?: string) {
  const server = createServer((request, response) => {
    const answer = answers[request.url ?? '']
    response.writeHead(answer === undefined ? 404 : 200).end(answer)
  })
  await new Promise<void>((resolve) => {
    if (path === undefined) server.listen(0, '127.0.0.1', resolve)
    else server.listen(path, resolve)
  })
  const port = path === undefined ? (server.address() as AddressInfo).port : 0
  return { url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: async () => void server.close() }
}

describe('the engine', () => {
  test('answers at a socket with its version', async () => {
    await using lab = await startLab()
    const socket = join(lab.folder, 'docker.sock')
    await using _ = await serve({ '/version': '{"Version":"28.1"}' }, socket)
    const host = `unix://${socket}`
    expect(await findEngine(testContext({ DOCKER_HOST: host }).context)).toEqual({ host, version: '28.1' })
  })

  test('that DOCKER_HOST names and that does not answer is not replaced by another one', async () => {
    const host = 'unix:///nowhere/docker.sock'
    await expect(ensureEngine(testContext({ DOCKER_HOST: host }).context)).rejects.toThrow(
      /no Docker Engine answers at unix:\/\/\/nowhere\/docker\.sock .*unset DOCKER_HOST/,
    )
  })

  test('behind an address that nothing understands is refused by name', async () => {
    expect(await askEngine('ssh://host', signal)).toMatchObject({ why: 'unsupported' })
  })

  test('that a user may not use comes with the command that changes this', async () => {
    const denied = { host: 'unix:///var/run/docker.sock', why: 'denied', message: 'EACCES' } as const
    expect((await advice(denied, {})).message).toContain('sudo usermod -aG docker')
  })
})

describe('the model', () => {
  const tags = (...names: string[]) => JSON.stringify({ models: names.map((name) => ({ name })) })
  const wanted = { model: undefined, modelFile: undefined }

  test('is the wanted one where an Ollama has it', async () => {
    await using ollama = await serve({ '/api/tags': tags('other:1b', 'qwen3:0.6b') })
    const { context, said } = testContext({ OLLAMA_HOST: ollama.url })
    expect(await findModel(wanted, context)).toEqual({
      VITRINE_MODEL_SERVERS: ollama.url,
      VITRINE_MODEL: 'qwen3:0.6b',
    })
    expect(said).toEqual([`Model: qwen3:0.6b, from the Ollama at ${ollama.url}.`])
  })

  test('without a tag means the latest', async () => {
    await using ollama = await serve({ '/api/tags': tags('mine:latest') })
    const { context } = testContext({ OLLAMA_HOST: ollama.url })
    expect(await findModel({ ...wanted, model: 'mine' }, context)).toMatchObject({ VITRINE_MODEL: 'mine' })
  })

  test('is pulled where the Ollama does not have it', async () => {
    await using ollama = await serve({
      '/api/tags': tags(),
      '/api/pull': '{"status":"pulling","total":10,"completed":5}\n{"status":"success"}\n',
    })
    const { context } = testContext({ OLLAMA_HOST: ollama.url })
    expect(await findModel(wanted, context)).toMatchObject({ VITRINE_MODEL: 'qwen3:0.6b' })
  })

  test('is another one, with a warning, where it cannot be pulled; never one that only embeds', async () => {
    await using ollama = await serve({
      '/api/tags': tags('nomic-embed-text:latest', 'llama3:8b'),
      '/api/pull': '{"error":"no such host"}\n',
    })
    const { context, said } = testContext({ OLLAMA_HOST: ollama.url })
    expect(await findModel(wanted, context)).toMatchObject({ VITRINE_MODEL: 'llama3:8b' })
    expect(said.at(-1)).toContain('Warning: qwen3:0.6b could not be pulled (no such host)')
  })

  test.each([
    [undefined, 'http://localhost:11434'],
    ['', 'http://localhost:11434'],
    ['0.0.0.0', 'http://localhost:11434'],
    ['0.0.0.0:11500', 'http://localhost:11500'],
    [':11500', 'http://localhost:11500'],
    ['box', 'http://box:11434'],
    ['box:80', 'http://box'],
    ['https://ollama.example.org/', 'https://ollama.example.org'],
    ['http://10.0.0.1:11434', 'http://10.0.0.1:11434'],
  ])('server for OLLAMA_HOST=%j is %s', (host, url) => {
    expect(ollamaUrl(host)).toBe(url)
  })

  test('shows a download as a bar', () => {
    expect(progress({ status: 'pulling', total: 200e6, completed: 100e6 })).toBe(
      `${'█'.repeat(15)}${'░'.repeat(15)}  50 % of 200 MB`,
    )
    expect(progress({ status: 'verifying\x1b[2J' })).toBe('verifying␛[2J')
  })
})

describe('the steps of a build', () => {
  test.each([
    ['Step 3/16 : RUN apt-get   update', 'step 3 of 16: RUN apt-get update'],
    ['#7 [desktop 2/5] RUN apt-get update', 'step 2 of 5: RUN apt-get update'],
    ['#7 3.14 Unpacking gedit (48) ...', 'Unpacking gedit (48) ...'],
    ['Setting up xterm (390) ...', 'Setting up xterm (390) ...'],
    [' ---> Using cache', undefined],
  ])('%j is %j', (line, step) => {
    expect(stepOf(line)).toBe(step)
  })
})

describe('the hash of inputs', () => {
  test('changes with a content, a name and the extra word, and with nothing else', async () => {
    await using lab = await startLab()
    const write = (name: string, text: string) => writeFile(join(lab.folder, name), text)
    const hash = (extra = 'x') => hashOf(lab.folder, ['src'], extra)
    await mkdir(join(lab.folder, 'src/node_modules'), { recursive: true })
    await write('src/a.ts', '1')
    const before = await hash()
    await write('src/a.test.ts', 'tests do not count')
    await write('src/node_modules/b.ts', 'nor do packages')
    expect(await hash()).toBe(before)
    expect(await hash('y')).not.toBe(before)
    await write('src/b.ts', '1')
    expect(await hash()).not.toBe(before)
    await rm(join(lab.folder, 'src/b.ts'))
    await write('src/a.ts', '2')
    expect(await hash()).not.toBe(before)
  })
})

describe('a program', () => {
  test('gets its arguments as they are, with no shell between', async () => {
    const { output } = await execute('printf', ['[%s]', '$(id); `id` "x"'])
    expect(output).toBe('[$(id); `id` "x"]')
  })

  test('that is not there is a result, and that fails says its last words', async () => {
    expect(await execute('no-such-program', [])).toEqual({
      code: 127,
      output: 'no-such-program is not installed',
    })
    await expect(mustExecute('ls', ['/no/such/place'], 'nothing is listed')).rejects.toThrow(
      /nothing is listed \(ls ended with 2\):\n.*No such file/,
    )
  })

  test('ends when the user interrupts', async () => {
    const interrupt = new AbortController()
    const running = execute('sleep', ['60'], { signal: interrupt.signal })
    interrupt.abort(new Error('interrupted'))
    await expect(running).rejects.toThrow('interrupted')
  })
})

test('settings are the user’s variables, and flags over them', () => {
  const environment = { VITRINE_PORT: '1', VITRINE_POOL: '2', VITRINE_HOST: '', HOME: '/root' }
  expect(givenSettings({ port: '3' }, environment)).toEqual({ VITRINE_PORT: '3', VITRINE_POOL: '2' })
})

test('too little room is an error that says how much is wanted, where, and what is there', async () => {
  await using lab = await startLab()
  await expect(needRoom(join(lab.folder, 'not/there/yet'), 1e9, 'This')).rejects.toThrow(
    /This needs 1000000000 MiB at .*not\/there\/yet, and \d+ MiB are free/,
  )
})

test('a server’s last words are told in words, each once', () => {
  const json = '{"level":50,"msg":"a request failed","error":{"message":"why","stack":"…"}}'
  expect(lastWords(`first\n${json}\n${json}\nPort 80 is taken.\n`, 2)).toBe(
    '  a request failed: why\n  Port 80 is taken.',
  )
})

describe('settings', () => {
  const check = (given: Record<string, string>) =>
    checkSettings(given, { environment: process.env, stateDir: '/tmp/vitrine-nowhere', signal })

  test('that the server takes pass', async () => {
    await expect(check({ VITRINE_PORT: '7081', VITRINE_EGRESS: 'off' })).resolves.toBeUndefined()
  })

  test('that it does not take are told at once, by setting and flag', async () => {
    const wrong = { VITRINE_PORT: 'abc', VITRINE_DESKTOP_PORTS: '5', VITRINE_EGRESS: 'http://x' }
    await expect(check(wrong)).rejects.toMatchObject({
      exit: 'usage',
      message: expect.stringMatching(
        /VITRINE_PORT \(--port\): must be a whole number[^]*VITRINE_EGRESS: must be any[^]*VITRINE_DESKTOP_PORTS \(--desktop-ports\): must be FIRST-LAST/,
      ) as string,
    })
  })
})
