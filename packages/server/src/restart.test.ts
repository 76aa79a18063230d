import { once } from 'node:events'
import type { Job } from '@vitrine/contract/job.ts'
import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { fakeRuntime } from './runtimes/fake.ts'
import type { FakeWork } from './runtimes/fake-agent.ts'
import { writeAndPass } from './runtimes/fake/script.ts'
import { startServer, type TestServer } from './testing/start-server.ts'

/** Plays a job and leaves the records of its run, as an agent does. */
const recording = async (work: FakeWork) => {
  work.save(`.vitrine/run-${work.assignment.run}/candidate-1/candidate.json`, '{}')
  work.save('.vitrine/job.json', '{}')
  await writeAndPass(work)
}

async function serverWith(script: (work: FakeWork) => Promise<void>) {
  const handed: FakeWork['assignment'][] = []
  const runtime = fakeRuntime({
    script: (work) => {
      handed.push(work.assignment)
      return script(work)
    },
  })
  const server = await startServer({ runtime })
  const dispose = async () => {
    await server[Symbol.asyncDispose]()
    await runtime[Symbol.asyncDispose]()
  }
  return { server, runtime, handed, [Symbol.asyncDispose]: dispose }
}
const restart = (server: TestServer, id: string, body?: object) =>
  server.api('POST', `/jobs/${id}/restart`, body)
const done = async (server: TestServer, id: string, run: number): Promise<Job> => {
  await server.follow(id, (event) => event.type === 'files.kept' && event.run === run)
  return server.reach(id, (job) => job.run === run && job.state === 'succeeded')
}

describe('a restart', () => {
  test('without a body runs the task as if it were new', async () => {
    await using lab = await serverWith(recording)
    const { id } = await lab.server.create({ task: 'print done' })
    await done(lab.server, id, 1)
    expect((await restart(lab.server, id)).status).toBe(202)
    expect(await done(lab.server, id, 2)).toMatchObject({ repeats: null })
    expect(lab.handed.map(({ repeat }) => repeat)).toEqual([null, null])
    expect(lab.handed.map(({ image }) => image)).toEqual(['sha256:fake', 'sha256:fake'])
  })

  test.each(['exact', 'replay'] as const)(
    'that is %s has the records of the run in its sandbox',
    async (how) => {
      const seen: (string | undefined)[] = []
      await using lab = await serverWith(async (work) => {
        const box = lab.runtime.agent(await sandboxOf(lab.runtime, work.assignment.run))
        seen.push(box.state.files.get('.vitrine/run-1/candidate-1/candidate.json')?.content.toString())
        seen.push(box.state.files.get('program.py')?.content.toString())
        await recording(work)
      })
      const { id } = await lab.server.create({ task: 'print done' })
      await done(lab.server, id, 1)
      // Follow-ups are not what is repeated.
      await lab.server.api('POST', `/jobs/${id}/prompts`, { prompt: 'more' })
      await done(lab.server, id, 2)
      const answer = await restart(lab.server, id, { mode: how })
      expect(await answer.json()).toMatchObject({ run: 3, followUp: null, repeats: { run: 1, how } })
      await done(lab.server, id, 3)
      expect(lab.handed.at(-1)).toMatchObject({ run: 3, followUp: null, repeat: { run: 1, how } })
      expect(seen.slice(4)).toEqual(['{}', undefined])
    },
  )

  test('that would repeat what was not recorded is refused, and tells what to do', async () => {
    await using lab = await serverWith(writeAndPass)
    const { id } = await lab.server.create({ task: 'print done' })
    await done(lab.server, id, 1)
    for (const mode of ['exact', 'replay']) {
      const answer = await restart(lab.server, id, { mode })
      expect([answer.status, (await answer.json()).error]).toMatchObject([
        409,
        { code: 'conflict', message: expect.stringMatching(/no recorded run.*Restart it as new/) },
      ])
    }
    expect(await lab.server.get(id)).toMatchObject({ run: 1, state: 'succeeded', desktop: { state: 'live' } })
  })

  test('that repeats waits for no end: while the job works it is refused; a wrong mode is named', async () => {
    await using lab = await serverWith(({ signal }) => once(signal, 'abort').then(() => undefined))
    const { id } = await lab.server.create({ task: 'never ends' })
    await lab.server.reach(id, 'running')
    expect((await restart(lab.server, id, { mode: 'replay' })).status).toBe(409)
    const wrong = await restart(lab.server, id, { mode: 'again' })
    expect([wrong.status, (await wrong.json()).error.details[0].path]).toEqual([400, 'mode'])
    expect(await lab.server.get(id)).toMatchObject({ run: 1, state: 'running' })
  })
})

async function sandboxOf(runtime: ReturnType<typeof fakeRuntime>, run: number): Promise<string> {
  const all = await runtime.list(AbortSignal.timeout(5000))
  return all.find(({ id }) => runtime.agent(id).state.assignment?.run === run)!.id
}

test('a server that stops tells who watches and who has a terminal, and waits for none of them', async () => {
  const server = await startServer()
  const { id } = await server.create({ task: 'print done' })
  await server.follow(id, ({ type }) => type === 'files.kept')
  const headers = { authorization: `Bearer ${server.token}` }
  const closed = ['websockify', 'terminal?columns=80&rows=24'].map(async (path) => {
    const url = `${server.url.replace(/^http/, 'ws')}jobs/${id}/${path}`
    const webSocket = new WebSocket(url, path === 'websockify' ? 'binary' : [], { headers })
    await once(webSocket, path === 'websockify' ? 'message' : 'open')
    return { end: once(webSocket, 'close') }
  })
  const ends = (await Promise.all(closed)).map(({ end }) => end)
  await server[Symbol.asyncDispose]()
  for (const [code, reason] of (await Promise.all(ends)) as [number, Buffer][])
    expect([code, reason.toString()]).toEqual([1001, 'the server stops'])
})
