import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { sampleJob, type Handler } from '@vitrine/sdk/test-server.ts'
import { commands } from './commands.ts'
import { startTestCli } from './test-context.ts'
import { id, other, job, withEvents, ended, twoJobs } from './test-handlers.ts'

describe('a wrong command line', () => {
  test.each([
    [['frobnicate'], 'there is no command "frobnicate"'],
    [['ls', '--frob'], 'there is no option --frob'],
    [['run', 'x', '--seconds'], '--seconds needs a value'],
    [['run', 'x', '--seconds', '-1'], '--seconds=-'],
    [['run', 'x', '--detach=yes'], '--detach takes no value'],
    [['status'], '<job> is missing'],
    [['run', 'two', 'words'], 'one argument too many, "words"'],
    [['run'], 'the task is missing; give it in quotes, or - to read it from standard input'],
    [['ls', '--state', 'gone'], 'is not one of queued'],
    [['ls', '--label', 'x'], 'key=value'],
    [['tokens', 'make', 'x'], 'tokens create'],
    [['tokens', 'create', 'x', '--for', 'ever'], '--for must be a time'],
    [['run', 'x', '--seconds', 'soon'], '--seconds must be a time'],
    [['run', 'x', '--check-stdout', '1', '--check-command', 'true'], 'one check'],
    [['rm'], 'name the jobs'],
    [['rm', id, '--all'], 'name the jobs'],
    [['stop'], 'name the jobs'],
    [['logs', id, '--tail', '-1'], '--tail'],
    [['cp', 'nothing', '.'], '<job>:<path>'],
  ])('%j ends with 2 and says what is wrong', async (argv, message) => {
    await using lab = await startTestCli()
    const { code, note, out } = await lab.run(argv)
    expect({ code, out, calls: lab.calls }).toEqual({ code: 2, out: '', calls: [] })
    expect(note).toContain(message)
  })

  test.each(['', '{"url":"http://loc'])(
    'a server’s file that holds only %j names no server',
    async (text) => {
      await using lab = await startTestCli()
      await writeFile(join(lab.folder, 'server.json'), text)
      await writeFile(join(lab.folder, 'up.json'), text)
      const { code, note } = await lab.run(['ls'], { environment: {} })
      expect({ code, note }).toEqual({
        code: 4,
        note: expect.stringContaining('no server runs on') as string,
      })
    },
  )

  test('no server ends with 4', async () => {
    await using lab = await startTestCli()
    await lab.close()
    expect(await lab.run(['ls'])).toMatchObject({
      code: 4,
      note: expect.stringContaining('./vitrine up') as string,
    })
  })
})

describe('up tells before it sets up anything', () => {
  test('that a task is empty', async () => {
    await using lab = await startTestCli()
    expect(await lab.run(['up', ' \n'])).toEqual({ code: 2, out: '', note: 'vitrine: the task is empty\n' })
  })

  test('that the state directory cannot be used', async () => {
    await using lab = await startTestCli({}, join(import.meta.filename, 'state'))
    const { code, note } = await lab.run(['up'])
    expect({ code, note }).toEqual({
      code: 5,
      note: expect.stringMatching(
        /^vitrine: the state directory cannot be used: .*VITRINE_STATE_DIR/,
      ) as string,
    })
  })
})

describe('a job’s id', () => {
  test('may be cut short, with and without its first word', async () => {
    await using lab = await startTestCli({
      listJobs: twoJobs,
      getJob: ({ params }) => sampleJob({ id: params['id'] ?? '' }),
    })
    for (const short of ['job-012', '012']) {
      expect(JSON.parse((await lab.run(['status', short, '--json'])).out)).toMatchObject({ id })
    }
  })

  test('that is the start of two is an error that names both', async () => {
    await using lab = await startTestCli({ listJobs: twoJobs })
    const { code, note } = await lab.run(['status', '01'])
    expect(code).toBe(2)
    expect(note).toContain(`${id}, ${other}`)
  })

  test('tells what its run changes, and which run it repeats', async () => {
    const followUp = { prompt: 'Now in red.\x1b[31m', check: null }
    const repeats = { run: 1, how: 'replay' } as const
    await using lab = await startTestCli({ getJob: () => sampleJob({ run: 2, followUp, repeats }) })
    const { out } = await lab.run(['status', id])
    expect(out).toMatch(/^changed by +Now in red\.␛\[31m$/m)
    expect(out).toMatch(/^repeats +run 1, replay$/m)
  })

  test.each(['zz', '../jobs', '', 'JOB'])('%j that no job has ends with 3', async (given) => {
    await using lab = await startTestCli({ listJobs: twoJobs })
    expect(await lab.run(['cancel', given])).toMatchObject({ code: 3 })
  })
})

describe('ls', () => {
  test('shows id, task, state and desktop of each job on one line, made harmless', async () => {
    await using lab = await startTestCli({
      listJobs: () => ({ jobs: [sampleJob({ task: 'one\x1b[31m\ntwo' })], next: null }),
    })
    const { out } = await lab.run(['list-jobs'])
    expect(out.split('\n')[1]).toBe(`${id}  one␛[31m two  succeeded  http://localhost:6080/vnc.html`)
  })

  test('asks for states, labels and words', async () => {
    await using lab = await startTestCli({ listJobs: () => ({ jobs: [], next: null }) })
    await lab.run([
      'ls',
      '--state',
      'failed,canceled',
      '--label',
      'a=b',
      '--label',
      'c=d',
      '--text',
      'a circle',
    ])
    expect(lab.calls[0]?.query.get('q')).toBe('a circle')
    expect(lab.calls[0]?.query.get('state')).toBe('failed,canceled')
    expect(lab.calls[0]?.query.getAll('label')).toEqual(['a=b', 'c=d'])
  })
})

describe('the other commands', () => {
  const token = {
    id: 'tok-0123456789ab',
    name: 'a program',
    createdAt: '2026-01-01T00:00:00Z',
    expiresAt: null,
    usedAt: null,
  }
  const handlers = {
    listJobs: () => ({
      jobs: [sampleJob(), sampleJob({ id: other, desktop: { state: 'closed', url: null, expiresAt: null } })],
      next: null,
    }),
    cancelJob: job,
    stopJob: job,
    promptJob: () => sampleJob({ run: 2, state: 'queued' }),
    restartJob: () => sampleJob({ run: 2, state: 'queued' }),
    extendJob: job,
    deleteJob: () => undefined,
    deleteJobs: () => ({ deleted: 2 }),
    listModels: () => ({
      models: [
        {
          name: 'm',
          bytes: 1e6,
          loaded: true,
          default: true,
          capabilities: [],
          contextLength: 4096,
          memory: { bytes: 2e6, gpuShare: 0.25, contextLength: 4096 },
        },
      ],
    }),
    readHealth: () => ({
      version: '1',
      engine: { ok: true, message: 'Docker 28', fix: null },
      model: { ok: true, message: 'ready', name: 'm', fix: null },
      image: { ok: true, message: 'there', name: 'vitrine-sandbox', fix: null },
      disk: { ok: true, message: '900 MiB are free', fix: null },
      sandbox: { ok: true, message: '1 ready', fix: null },
      sandboxes: { ready: 1, busy: 1, poolSize: 1, concurrency: 2 },
      queued: 0,
    }),
    listTokens: () => ({ tokens: [token] }),
    createToken: () => ({ ...token, token: 'vt_secret' }),
    deleteToken: () => undefined,
    readLogs: ({ response }) => void response.writeHead(200).end('one\ntwo\x1b[0m\n'),
    followEvents: withEvents(ended('succeeded')),
    getJob: job,
  } satisfies Record<string, Handler>

  test.each([
    [['stop-all'], 'stopJob', `${id} succeeded, its desktop closes\n`],
    [['stop-job', id], 'stopJob', `${id} succeeded, its desktop closes\n`],
    [['cancel', id], 'cancelJob', `${id} succeeded\n`],
    [['prompt', id, 'Now make it a window.', '-d'], 'promptJob', `${id} begins run 2\n`],
    [['restart', id, '--replay'], 'restartJob', `${id} begins run 2\n`],
    [['restart-job', id], 'restartJob', `${id} begins run 2\n`],
    [['delete-job', id], 'deleteJob', `${id} deleted\n`],
    [['delete-all'], 'deleteJobs', '2 jobs deleted\n'],
    [['rm', '--state', 'failed'], 'deleteJobs', '2 jobs deleted\n'],
    [['extend', id, '2h'], 'extendJob', 'lives until'],
    [['models'], 'listModels', 'm     1 MB  4096     75%/25% CPU/GPU  default\n'],
    [['list-containers'], 'readHealth', '1 busy, 1 ready\n'],
    [['tokens'], 'listTokens', 'tok-0123456789ab  a program'],
    [['tokens', 'create', 'a program', '--for', '30d'], 'createToken', 'vt_secret\n'],
    [['tokens', 'revoke', 'tok-0123456789ab'], 'deleteToken', ''],
    [['list-images'], 'readHealth', 'vitrine-sandbox  there\n'],
    [['job-status', id], 'getJob', 'print_the_squares.py'],
    [['logs', id], 'readLogs', 'one\ntwo␛[0m\n'],
    [['events', id], 'followEvents', '1  2026-01-01T00:00:00Z  job.state  {"from"'],
  ])('%j asks for %s and prints the answer', async (argv, route, out) => {
    await using lab = await startTestCli(handlers)
    const result = await lab.run(argv)
    expect(result).toMatchObject({ code: 0, out: expect.stringContaining(out) as string })
    expect(lab.calls.map((call) => call.route)).toContain(route)
  })

  test.each([
    [[], 'fresh'],
    [['--exact'], 'exact'],
    [['--replay'], 'replay'],
  ])('restart %j begins a run that is %s', async (flags, mode) => {
    await using lab = await startTestCli(handlers)
    expect(await lab.run(['restart', id, ...flags])).toMatchObject({ code: 0 })
    expect(lab.calls.find(({ route }) => route === 'restartJob')?.body).toEqual({ mode })
    expect(await lab.run(['restart', id, '--exact', '--replay'])).toMatchObject({ code: 2 })
  })

  test('models pull shows how far the download is, and what was wrong with it', async () => {
    const told = ['{"status":"pulling 7f4","total":200,"completed":50}', '{"status":"success"}']
    const lost = '{"error":{"code":"not_found","message":"There is no model x/y:z to download."}}'
    await using lab = await startTestCli({
      pullModel: ({ params, response }) =>
        void response.writeHead(200).end(params['name'] === 'x/y:z' ? lost : told.join('\n')),
    })
    const pulled = await lab.run(['models', 'pull', 'hub.example/me/m:1b'])
    expect(pulled).toMatchObject({ code: 0, out: '' })
    expect(pulled.note).toMatch(/ 25 % of 1 MB[^]*hub\.example\/me\/m:1b is there\./)
    expect((await lab.run(['models', 'pull', 'm', '--json'])).out).toBe(`${told.join('\n')}\n`)
    expect(await lab.run(['models', 'pull', 'x/y:z'])).toMatchObject({
      code: 3,
      note: expect.stringContaining('There is no model x/y:z') as string,
    })
    expect(await lab.run(['models', 'push', 'm'])).toMatchObject({ code: 2 })
  })

  test('stop-all of nothing says so', async () => {
    await using lab = await startTestCli({ listJobs: () => ({ jobs: [], next: null }) })
    expect(await lab.run(['stop-all'])).toEqual({
      code: 0,
      out: '',
      note: 'No job works, and no desktop is live.\n',
    })
  })

  test('tokens revoke tells with --json what it revoked', async () => {
    await using lab = await startTestCli(handlers)
    const { out } = await lab.run(['tokens', 'revoke', 'tok-0123456789ab', '--json'])
    expect(JSON.parse(out)).toEqual({ revoked: 'tok-0123456789ab' })
  })

  test('stop-all leaves jobs alone that have ended and are closed', async () => {
    await using lab = await startTestCli(handlers)
    await lab.run(['stop-all'])
    expect(lab.calls.filter(({ route }) => route === 'stopJob').map(({ params }) => params['id'])).toEqual([
      id,
    ])
  })
})

describe('help', () => {
  test('is JSON with --json, of all commands and of one', async () => {
    await using lab = await startTestCli()
    const all = JSON.parse((await lab.run(['help', '--json'])).out) as { name: string }[]
    expect(all.map(({ name }) => name)).toEqual(expect.arrayContaining(['up', 'run', 'help']))
    const one = JSON.parse((await lab.run(['help', 'create-job', '--json'])).out) as object
    expect(one).toMatchObject({ name: 'run', options: { egress: { type: 'string' } } })
  })

  test('lists every command, every older name and every exit code', async () => {
    await using lab = await startTestCli()
    const { out } = await lab.run(['help'])
    for (const { name, aliases } of commands) {
      for (const word of [name, ...Object.keys(aliases)]) expect(out).toContain(word)
    }
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120)
    for (const code of [0, 1, 2, 3, 4, 5, 130]) expect(out).toMatch(new RegExp(`^ +${code} `, 'm'))
  })

  test.each(commands.map(({ name }) => name))('%s --help needs no server', async (name) => {
    await using lab = await startTestCli()
    expect(await lab.run([name, '--help'])).toMatchObject({ code: 0, note: '' })
    expect((await lab.run(['help', name])).out).toContain(`Usage: ./vitrine ${name}`)
  })
})
