import type { JobEvent } from '@vitrine/contract/event.ts'
import { expect, onTestFailed, onTestFinished, test } from 'vitest'
import { docker } from './testbed/containers.ts'
import { image } from './testbed/sandbox.ts'
import { startServerProcess, type ServerProcess } from './testbed/server-process.ts'
import { program, startStories, type Play, type Stories } from './testbed/stories.ts'

const task = 'Print three.'
const check = { stdout: '3' }
const limits = { candidates: 4 }
const [wrong, broken, right] = [program('print(1)'), program('print(three)'), program('print(3)')]
/** What a completion goes on with: the prompt has opened the block already. */
const completed = 'print(3)\n```'

async function serverWith(...plays: Play[]): Promise<{ stories: Stories; server: ServerProcess }> {
  const stories = await startStories(completed)
  onTestFinished(async () => stories[Symbol.asyncDispose]())
  stories.answer(task, ...plays)
  const server = await startServerProcess({ VITRINE_MODEL_SERVERS: stories.url })
  onTestFinished(() => server[Symbol.asyncDispose]())
  onTestFailed(() => console.error(server.warnings()))
  return { stories, server }
}
/** The calls of the model, in the order they came. */
const calls = ({ requests }: Stories) =>
  requests
    .filter(({ path }) => path === '/api/chat' || path === '/api/generate')
    .map(({ path, body }) => ({ path, body }))
const ended = (server: ServerProcess, id: string, run: number) =>
  server.reach(id, (job) => job.run === run && ['succeeded', 'failed'].includes(job.state))
const eventsOf = async (server: ServerProcess, id: string, run: number): Promise<JobEvent[]> => {
  const all = await Array.fromAsync(server.vitrine.jobs.events(id, { follow: false }))
  return all.filter((event) => event.run === run)
}
const read = async (server: ServerProcess, id: string, path: string) =>
  (await server.vitrine.jobs.files.read(id, path)).text()
/** What is the same in two runs of the same answers. */
const essence = (events: JobEvent[]): unknown[] =>
  events.flatMap((event): unknown[] => {
    if (event.type === 'candidate.started') return [event.data]
    if (event.type === 'candidate.finished') return [event.data.program]
    if (event.type === 'check.finished') return [[event.data.result.check, event.data.result.passed]]
    return []
  })

test('a job tells and keeps where it came from: every call, option, seed, image, model and file', async () => {
  const { stories, server } = await serverWith(wrong, broken)
  const { id } = await server.vitrine.jobs.create({ task, check, limits })
  const job = await ended(server, id, 1)
  const asked = (await eventsOf(server, id, 1)).flatMap((event) =>
    event.type === 'candidate.asked' ? [event.data] : [],
  )
  const sent = calls(stories)
  expect(asked.map(({ candidate }) => candidate)).toEqual([1, 2, 3])
  for (const [index, { path, body }] of asked.entries()) {
    expect(sent[index]!.path).toBe(path)
    expect(sent[index]!.body).toMatchObject(body)
  }
  const { runs } = JSON.parse(await read(server, id, '.vitrine/job.json'))
  const [tags] = (await (await fetch(`${stories.url}/api/tags`)).json()).models
  expect(runs).toMatchObject([
    {
      run: 1,
      task,
      followUp: null,
      repeats: null,
      check: { stdout: '3' },
      model: { name: 'qwen3:0.6b', digest: tags.digest },
      image: (await docker('image', 'inspect', '--format', '{{.Id}}', image)).trim(),
      verdict: job.verdict,
      reason: null,
      candidates: asked.map(({ candidate, body }) => ({ candidate, options: body['options'] })),
    },
  ])
  const sandbox = (await server.sandboxOf(id))!
  const sums = await docker('exec', sandbox.id, 'sh', '-c', 'cd /output && find . -type f | xargs sha256sum')
  const expected = new Map(
    sums
      .trim()
      .split('\n')
      .map((line) => [line.slice(68), line.slice(0, 64)]),
  )
  expected.delete('.vitrine/job.json')
  type Output = { path: string; sha256: string }
  expect(new Map(runs[0].outputs.map(({ path, sha256 }: Output) => [path, sha256]))).toEqual(expected)
  expect(expected.has('print_three.py')).toBe(true)
})

test('restarted exactly, it asks the model the same: prompts, styles, temperatures and seeds', async () => {
  const { stories, server } = await serverWith(wrong, broken, wrong, broken)
  const { id } = await server.vitrine.jobs.create({ task, check, limits })
  await ended(server, id, 1)
  await server.vitrine.jobs.restart(id, { mode: 'exact' })
  expect(await ended(server, id, 2)).toMatchObject({ state: 'succeeded', repeats: { run: 1, how: 'exact' } })
  const made = calls(stories)
  expect(made.map(({ path }) => path.slice(5))).toEqual([
    'chat',
    'chat',
    'generate',
    'chat',
    'chat',
    'generate',
  ])
  expect(made.slice(3)).toEqual(made.slice(0, 3))
  expect(essence(await eventsOf(server, id, 2))).toEqual(essence(await eventsOf(server, id, 1)))

  await server.vitrine.jobs.restart(id)
  await ended(server, id, 3)
  const seedOf = (nth: number) => (calls(stories)[nth]!.body['options'] as { seed: number }).seed
  expect(seedOf(6)).not.toBe(seedOf(0))
})

test('replayed, it comes to the same program and verdict with the model server gone, also from a replay', async () => {
  const { stories, server } = await serverWith(wrong, { text: right, pieceMs: 5 })
  const { id } = await server.vitrine.jobs.create({ task, check, limits })
  const first = await ended(server, id, 1)
  const text = await read(server, id, 'print_three.py')
  await stories[Symbol.asyncDispose]()
  for (const run of [2, 3]) {
    await server.vitrine.jobs.restart(id, { mode: 'replay' })
    const job = await ended(server, id, run)
    expect(job).toMatchObject({ state: 'succeeded', repeats: { run: run - 1, how: 'replay' } })
    expect({ ...job.verdict, checks: [] }).toEqual({ ...first.verdict, checks: [] })
    expect(job.usage).toEqual(first.usage)
    expect(await read(server, id, 'print_three.py')).toBe(text)
    const events = await eventsOf(server, id, run)
    expect(essence(events)).toEqual(essence(await eventsOf(server, id, 1)))
    expect(events.filter(({ type }) => type === 'candidate.asked' || type === 'model.called')).toEqual([])
    const { runs } = JSON.parse(await read(server, id, '.vitrine/job.json'))
    expect(runs.map((one: { run: number }) => one.run)).toEqual(Array.from({ length: run }, (_, n) => n + 1))
    expect(runs.at(-1).model).toEqual(runs[0].model)
  }
})
