import { expect, test } from 'vitest'
import { openGateway } from '../../../../test/testbed/gateway.ts'
import { startScriptedOllama } from '../../../../test/testbed/scripted-ollama.ts'

const { signal } = new AbortController()
const name = 'hub.example/me/model:1b'

test('a model is downloaded by the first server that can, with its progress', async () => {
  await using engine = await startScriptedOllama({})
  const told = [
    { status: 'pulling manifest' },
    { status: 'pulling 7f4', total: 10, completed: 5 },
    { status: 'success' },
  ]
  await using ollama = await startScriptedOllama({ pull: (model) => (model === name ? told : []) })
  await using opened = await openGateway({ upstreams: [engine.url, ollama.url] })
  expect(await Array.fromAsync(opened.gateway.pull(name, signal))).toEqual(told)
})

test('where no server can download, that is said', async () => {
  await using engine = await startScriptedOllama({})
  await using opened = await openGateway({ upstreams: [engine.url] })
  await expect(opened.gateway.pull(name, signal).next()).rejects.toMatchObject({ code: 'unsupported' })
})

test('where no server answers, that is said', async () => {
  const gone = await startScriptedOllama({})
  await gone[Symbol.asyncDispose]()
  await using opened = await openGateway({ upstreams: [gone.url] })
  await expect(opened.gateway.pull(name, signal).next()).rejects.toMatchObject({ code: 'unavailable' })
})

test.each([
  ['pull model manifest: file does not exist', 'not_found'],
  ['write: no space left on device', 'unavailable'],
])('an error in the middle, “%s”, is %s', async (error, code) => {
  await using ollama = await startScriptedOllama({ pull: () => [{ status: 'pulling manifest' }, { error }] })
  await using opened = await openGateway({ upstreams: [ollama.url] })
  const progress = opened.gateway.pull(name, signal)
  expect((await progress.next()).value).toEqual({ status: 'pulling manifest' })
  await expect(progress.next()).rejects.toMatchObject({ code, message: expect.stringContaining(error) })
})

test('a download that breaks off is an error, and one that is given up ends', async () => {
  const plays: (object | 'stall')[][] = [[{ status: 'pulling manifest' }], [{ status: 'one' }, 'stall']]
  await using ollama = await startScriptedOllama({ pull: () => plays.shift() ?? [] })
  await using opened = await openGateway({ upstreams: [ollama.url] })
  await expect(Array.fromAsync(opened.gateway.pull(name, signal))).rejects.toMatchObject({
    code: 'unavailable',
  })
  const leave = new AbortController()
  const progress = opened.gateway.pull(name, leave.signal)
  await progress.next()
  leave.abort(new Error('left'))
  await expect(progress.next()).rejects.toThrow('left')
  expect(await ollama.requests.at(-1)?.over).toBe('aborted')
})
