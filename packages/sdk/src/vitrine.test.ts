import { afterEach, describe, expect, test } from 'vitest'
import { isFinal as contractIsFinal, JobState } from '@vitrine/contract/job.ts'
import { routes, type RouteId } from '@vitrine/contract/routes.ts'
import { VitrineApiError, VitrineConnectionError } from './error.ts'
import { isFinal } from './jobs.ts'
import { sampleJob, startTestServer, type Handler } from './test-server.ts'
import { Vitrine } from './vitrine.ts'

const id = 'job-0123456789ab'
const viewer = 'viewer-of-a-program'
const open: { close: () => Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()))
})

async function serve(handlers: Partial<Record<RouteId, Handler>>) {
  const server = await startTestServer(handlers)
  open.push(server)
  return { ...server, vitrine: new Vitrine({ url: server.url, token: 'secret' }) }
}

const bytes: Handler = ({ response }) => {
  response.writeHead(200).end('bytes')
}
const job: Handler = () => sampleJob()
const event = (seq: number, data: object = { type: 'model.waiting', data: { waiting: null } }) =>
  `${JSON.stringify({ seq, at: '2026-01-01T00:00:00Z', run: 1, ...data })}\n`
const finished = { type: 'job.state', data: { from: 'running', to: 'succeeded', reason: null } }
const closed = sampleJob({ desktop: { state: 'closed', url: null, expiresAt: null } })

describe('the client and the route table', () => {
  const reach: Record<RouteId, (vitrine: Vitrine) => Promise<unknown>> = {
    createJob: ({ jobs }) => jobs.create({ task: 'x' }, { idempotencyKey: 'k' }),
    listJobs: ({ jobs }) => Array.fromAsync(jobs.list({ state: ['queued'], labels: { a: 'b' } })),
    watchJobs: ({ jobs }) => Array.fromAsync(jobs.changes({ text: 'two words' })),
    getJob: ({ jobs }) => jobs.get(id),
    cancelJob: ({ jobs }) => jobs.cancel(id),
    stopJob: ({ jobs }) => jobs.stop(id),
    openJob: ({ jobs }) => jobs.open(id),
    restartJob: ({ jobs }) => jobs.restart(id),
    promptJob: ({ jobs }) => jobs.prompt(id, { prompt: 'y' }, { idempotencyKey: 'k' }),
    extendJob: ({ jobs }) => jobs.extend(id, 60),
    deleteJob: ({ jobs }) => jobs.delete(id),
    deleteJobs: ({ jobs }) => jobs.deleteAll({ state: ['failed'] }),
    followEvents: ({ jobs }) => Array.fromAsync(jobs.events(id)),
    readLogs: ({ jobs }) => Array.fromAsync(jobs.logs(id)),
    listFiles: ({ jobs }) => jobs.files.list(id),
    readFile: ({ jobs }) => jobs.files.read(id, 'a/b c.py'),
    writeFile: ({ jobs }) => jobs.files.write(id, 'a/b c.py', 'print(1)'),
    readZip: ({ jobs }) => jobs.files.zip(id),
    readTar: ({ jobs }) => jobs.files.tar(id),
    readScreenshot: ({ jobs }) => jobs.screenshot(id),
    listRecordings: ({ jobs }) => jobs.recordings.list(id),
    readRecording: ({ jobs }) => Array.fromAsync(jobs.recordings.read(id, 1, { from: 5000 })),
    readReplay: ({ jobs }) => jobs.recordings.page(id, 1),
    readVideo: ({ jobs }) => jobs.recordings.video(id, 1),
    readControl: ({ jobs }) => jobs.control.read(id, { viewer }),
    requestControl: ({ jobs }) => jobs.control.request(id, viewer),
    takeControl: ({ jobs }) => jobs.control.take(id, viewer),
    giveControl: ({ jobs }) => jobs.control.give(id, viewer, 'viewer-of-another'),
    releaseControl: ({ jobs }) => jobs.control.release(id, viewer),
    sendInput: ({ jobs }) => jobs.control.input(id, viewer, [{ text: 'ls\n' }, { keys: ['Control', 'c'] }]),
    createShare: ({ jobs }) => jobs.shares.create(id, { mode: 'control', seconds: 60 }),
    listShares: ({ jobs }) => jobs.shares.list(id),
    deleteShare: ({ jobs }) => jobs.shares.delete(id, 'shr-0123456789ab'),
    listModels: ({ models }) => models.list(),
    pullModel: ({ models }) => Array.fromAsync(models.pull('hub.example/me/model:1b')),
    readHealth: (vitrine) => vitrine.health(),
    readSettings: (vitrine) => vitrine.settings(),
    createToken: ({ tokens }) => tokens.create('a program', { seconds: 60 }),
    listTokens: ({ tokens }) => tokens.list(),
    deleteToken: ({ tokens }) => tokens.delete('tok-0123456789ab'),
    createSignInLink: (vitrine) => vitrine.signInLink({ next: '/jobs' }),
  }

  test.each(Object.keys(routes) as RouteId[])('%s is reached by a method, with the token', async (route) => {
    const { vitrine, calls } = await serve({
      ...Object.fromEntries(Object.keys(routes).map((id) => [id, job])),
      getJob: () => closed,
      listJobs: () => ({ jobs: [], next: null }),
      deleteJob: () => undefined,
      watchJobs: ({ response }) => void response.end('\n{"jobs":[],"gone":[]}\n'),
      followEvents: ({ response }) => void response.writeHead(200).end(),
      readLogs: bytes,
      readFile: bytes,
      writeFile: () => undefined,
      readZip: bytes,
      readTar: bytes,
      readScreenshot: bytes,
      listRecordings: () => ({ recordings: [] }),
      readRecording: bytes,
      readReplay: bytes,
      readVideo: bytes,
      listModels: () => ({ models: [] }),
      listTokens: () => ({ tokens: [] }),
      pullModel: ({ params, response }) => {
        expect(params).toEqual({ name: 'hub.example/me/model:1b' })
        response.end('{"status":"success"}\n')
      },
    })
    await reach[route](vitrine)
    expect(calls.map((call) => call.route)).toContain(route)
    expect(calls.every((call) => call.headers.authorization === 'Bearer secret')).toBe(true)
  })

  test('final states are those of the contract', () => {
    expect(JobState.options.filter(isFinal)).toEqual(JobState.options.filter(contractIsFinal))
  })

  test('a file path arrives as it was given', async () => {
    const { vitrine, calls } = await serve({ readFile: bytes })
    await (await vitrine.jobs.files.read(id, 'a/../ü #?%.py')).bytes()
    expect(calls[0]?.params['path']).toBe('a/../ü #?%.py')
  })

  test.each(['', '.', '..'])('the id %j never becomes the address of all jobs', async (empty) => {
    const { vitrine, calls } = await serve({ deleteJobs: () => ({ deleted: 9 }) })
    await expect(vitrine.jobs.delete(empty)).rejects.toThrow('id must not be')
    expect(calls).toEqual([])
  })
})

describe('errors', () => {
  test('a refusal carries status, code, message and the fields', async () => {
    const { vitrine } = await serve({})
    const error = await vitrine.jobs.create({ task: '' }).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(VitrineApiError)
    expect(error).toMatchObject({ status: 400, code: 'bad_request', details: [{ path: 'task' }] })
  })

  test('an answer of something else than a Vitrine server is named as such', async () => {
    const { vitrine } = await serve({ getJob: ({ response }) => void response.writeHead(502).end('<html>') })
    await expect(vitrine.jobs.get(id)).rejects.toMatchObject({ code: 'unknown', status: 502 })
  })

  test('no server is a connection error that says why', async () => {
    const server = await startTestServer({})
    await server.close()
    const error = await new Vitrine({ url: server.url }).health().catch((error: unknown) => error)
    expect(error).toBeInstanceOf(VitrineConnectionError)
    expect(String(error)).toContain('ECONNREFUSED')
  })

  test('an aborted call ends with the reason that it was aborted with', async () => {
    const { vitrine } = await serve({ getJob: () => new Promise(() => {}) })
    const abort = new AbortController()
    const call = vitrine.jobs.get(id, { signal: abort.signal })
    abort.abort(new Error('enough'))
    await expect(call).rejects.toThrow('enough')
  })
})

describe('lists', () => {
  test('come from all pages', async () => {
    const { vitrine, calls } = await serve({
      listJobs: ({ query }) =>
        query.get('cursor') === 'two'
          ? { jobs: [sampleJob({ id: 'job-000000000003' })], next: null }
          : { jobs: [sampleJob(), sampleJob()], next: 'two' },
    })
    expect(await Array.fromAsync(vitrine.jobs.list())).toHaveLength(3)
    expect(calls).toHaveLength(2)
  })
})

describe('events', () => {
  test('resume after the last one when the connection breaks in the middle of a line', async () => {
    const { vitrine, calls } = await serve({
      getJob: () => closed,
      followEvents: ({ query, response }) => {
        response.writeHead(200)
        if (query.get('after') === '2') response.end(event(3) + event(4))
        else response.write(event(1) + event(2) + event(3).slice(0, 20), () => response.destroy())
      },
    })
    const seen = await Array.fromAsync(vitrine.jobs.events(id), ({ seq }) => seq)
    expect(seen).toEqual([1, 2, 3, 4])
    expect(
      calls.filter(({ route }) => route === 'followEvents').map(({ query }) => query.get('after')),
    ).toEqual(['0', '2'])
  })

  test('go on where a server that shuts down ends the stream, and while it is away', async () => {
    let connections = 0
    const { vitrine } = await serve({
      getJob: () => (connections < 3 ? sampleJob({ state: 'running' }) : closed),
      followEvents: ({ response }) => {
        connections++
        if (connections === 2) response.writeHead(503).end()
        else response.writeHead(200).end(event(connections))
      },
    })
    expect(await Array.fromAsync(vitrine.jobs.events(id), ({ seq }) => seq)).toEqual([1, 3])
  })

  test('of no job are refused at once', async () => {
    const { vitrine, calls } = await serve({})
    await expect(Array.fromAsync(vitrine.jobs.events(id))).rejects.toMatchObject({ code: 'not_found' })
    expect(calls).toHaveLength(1)
  })

  test('a character that is cut between two packets stays whole', async () => {
    const body = Buffer.from(event(1, { type: 'log', data: { level: 'info', message: '€' } }))
    const cut = body.indexOf(0xe2) + 1
    const { vitrine } = await serve({
      getJob: () => closed,
      followEvents: ({ response }) => {
        response.writeHead(200)
        response.write(body.subarray(0, cut), () => setImmediate(() => response.end(body.subarray(cut))))
      },
    })
    expect(await Array.fromAsync(vitrine.jobs.events(id))).toMatchObject([{ data: { message: '€' } }])
  })
})

describe('logs', () => {
  test('follow from the last lines and lose none when the connection breaks', async () => {
    const text = 'one\ntwo\nthree\n'
    let follows = 0
    const { vitrine } = await serve({
      getJob: () => closed,
      readLogs: ({ query, response }) => {
        response.writeHead(200)
        if (query.get('follow') === 'false') response.end(text)
        else if (++follows === 1) response.write(`${text}four\nfi`, () => response.destroy())
        else response.end(`${text}four\nfive\n`)
      },
    })
    const seen = await Array.fromAsync(vitrine.jobs.logs(id, { follow: true, tail: 1 }))
    expect(seen).toEqual(['three', 'four', 'five'])
  })
})

describe('wait', () => {
  test('ends with the run, and not with an earlier run’s end', async () => {
    let asked = 0
    const { vitrine } = await serve({
      getJob: () => (++asked < 3 ? sampleJob({ state: 'running', run: 2 }) : sampleJob({ run: 2 })),
      followEvents: ({ response }) => {
        response.writeHead(200)
        response.write(event(1, finished) + event(2, finished))
      },
    })
    expect(await vitrine.jobs.wait(id)).toMatchObject({ state: 'succeeded', run: 2 })
  })
})
