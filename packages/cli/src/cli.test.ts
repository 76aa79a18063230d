import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { JobEvent, EventBody } from '@vitrine/contract/event.ts'
import { NewJob } from '@vitrine/contract/job.ts'
import { sampleJob, type Handler } from '@vitrine/sdk/test-server.ts'
import { commands } from './commands.ts'
import { startTestCli } from './test-context.ts'

const id = 'job-0123456789ab'
const other = 'job-01zzzzzzzzzz'
const job: Handler = () => sampleJob()
const created: Handler = ({ body }) => sampleJob({ state: 'queued', task: (body as NewJob).task })
const withEvents =
  (...bodies: EventBody[]): Handler =>
  ({ response }) => {
    const events = bodies.map((body, i) => ({ seq: i + 1, at: '2026-01-01T00:00:00Z', run: 1, ...body }))
    response.writeHead(200).end(events.map((event: JobEvent) => `${JSON.stringify(event)}\n`).join(''))
  }
const ended = (to: 'succeeded' | 'failed' | 'canceled'): EventBody => ({
  type: 'job.state',
  data: { from: 'running', to, reason: null },
})
const twoJobs: Handler = () => ({ jobs: [sampleJob(), sampleJob({ id: other })], next: null })

describe('a task', () => {
  test.each(['"; rm -rf / #', '$(id)', '@/etc/passwd', 'a\nb', 'ünïcödé 👩‍💻'])(
    '%j arrives word for word',
    async (task) => {
      await using lab = await startTestCli({ createJob: created })
      expect(await lab.run(['run', '--detach', task])).toMatchObject({ code: 0, out: `${id}\n` })
      expect(lab.calls[0]?.body).toMatchObject({ task })
    },
  )

  test.each(['--help', '-v', '--', '-x'])('after -- may be %j', async (task) => {
    await using lab = await startTestCli({ createJob: created })
    expect(await lab.run(['create-job', '--', task])).toMatchObject({ code: 0 })
    expect(lab.calls[0]?.body).toMatchObject({ task })
  })

  test('of 200 KiB comes from a file, byte for byte', async () => {
    await using lab = await startTestCli({ createJob: created })
    const task = '@é\r\n'.repeat(40_000)
    await writeFile(join(lab.folder, 'task'), task)
    await lab.run(['run', '-d', '--task-file', join(lab.folder, 'task')])
    const [call] = lab.calls
    expect(call && (call.body as NewJob).task === task).toBe(true)
  })

  test('comes from standard input', async () => {
    await using lab = await startTestCli({ createJob: created })
    await lab.run(['run', '-d', '-'], { stdin: Buffer.from('from stdin\n') })
    expect(lab.calls[0]?.body).toMatchObject({ task: 'from stdin\n' })
  })

  test('that is not UTF-8 is refused by name, and no job is made', async () => {
    await using lab = await startTestCli({ createJob: created })
    const { code, note } = await lab.run(['run', '-'], { stdin: Buffer.from([0xff, 0xfe]) })
    expect({ code, calls: lab.calls.length }).toEqual({ code: 2, calls: 0 })
    expect(note).toContain('not UTF-8')
  })
})

describe('run', () => {
  test('sends its flags as the contract names them', async () => {
    await using lab = await startTestCli({ createJob: created })
    const flags =
      '--name n --model m:1 --language bash --seconds 2m --desktop-seconds 1h --memory 512 --cpus 0.5 --candidates 3 --model-calls 4 --tokens-in 5 --tokens-out 6 --concurrent-calls 7'
    const check = ['--check-command', 'python3 -m doctest {program}', '--label', 'a=b=c', '--label', 'd=']
    check.push('--egress', 'docs.example.org', '--egress', '*.example.net')
    expect(await lab.run(['run', '-d', 'x', ...flags.split(' '), ...check])).toMatchObject({ code: 0 })
    expect(lab.calls[0]?.body).toEqual({
      task: 'x',
      name: 'n',
      model: 'm:1',
      language: 'bash',
      check: { command: ['python3', '-m', 'doctest', '{program}'] },
      limits: {
        seconds: 120,
        desktopSeconds: 3600,
        memoryMiB: 512,
        cpus: 0.5,
        candidates: 3,
        modelCalls: 4,
        tokensIn: 5,
        tokensOut: 6,
        concurrentCalls: 7,
      },
      egress: ['docs.example.org', '*.example.net'],
      labels: { a: 'b=c', d: '' },
    })
  })

  test('tells which hosts were reached and which were refused', async () => {
    const attempt = {
      method: 'CONNECT',
      host: 'docs.example.org',
      port: 443,
      allowed: true,
      why: null,
      address: '93.184.215.14',
      bytesSent: 10,
      bytesReceived: 2000,
      seconds: 0.2,
      count: 1,
      open: false,
    }
    const evil = { host: 'e\x1b[2Jvil', port: null, allowed: false, why: 'this is not the name of a host' }
    await using lab = await startTestCli({
      createJob: created,
      getJob: job,
      followEvents: withEvents(
        { type: 'egress.attempt', data: attempt },
        { type: 'egress.attempt', data: { ...attempt, ...evil, count: 7 } },
        { type: 'egress.more', data: { allowed: 0, refused: 99 } },
        ended('succeeded'),
      ),
    })
    const { out, note } = await lab.run(['run', 'fetch', '--egress', 'docs.example.org'])
    expect(out + note).toContain('reached CONNECT docs.example.org:443, 2000 bytes\n')
    expect(out + note).toContain('refused CONNECT e␛[2Jvil (7 times): this is not the name of a host\n')
    expect(out + note).toContain('and 0 more connections, 99 more refusals\n')
  })

  test('shows the model’s words, the checks and the desktop, and ends with 0', async () => {
    await using lab = await startTestCli({
      createJob: created,
      getJob: job,
      followEvents: withEvents(
        { type: 'candidate.text', data: { candidate: 1, text: 'print(1)\x1b[2J' } },
        {
          type: 'check.finished',
          data: {
            candidate: 1,
            result: {
              check: 'runs',
              passed: true,
              exitCode: 0,
              timedOut: false,
              seconds: 0.1,
              output: '1\n',
            },
          },
        },
        ended('succeeded'),
      ),
    })
    const { code, out } = await lab.run(['run', 'x'])
    expect(code).toBe(0)
    expect(out).toContain('print(1)␛[2J\n✓ runs 0.1 s\n  │ 1\nsucceeded\n')
    expect(out).toContain('http://localhost:6080/vnc.html')
  })

  test('counts one thing as one, and more as more', async () => {
    await using lab = await startTestCli({
      createJob: created,
      getJob: job,
      deleteJobs: () => ({ deleted: 1 }),
      followEvents: withEvents(
        { type: 'file.saved', data: { path: 'a', bytes: 1 } },
        { type: 'file.saved', data: { path: 'b', bytes: 2 } },
        { type: 'files.kept', data: { files: 1, bytes: 0, skipped: [] } },
        { type: 'egress.more', data: { allowed: 1, refused: 2 } },
        ended('succeeded'),
      ),
    })
    const { out } = await lab.run(['run', 'x'])
    expect(out).toContain('saved a (1 byte)\nsaved b (2 bytes)\n1 file kept (0 bytes)\n')
    expect(out).toContain('and 1 more connection, 2 more refusals\n')
    expect((await lab.run(['rm', '--all'])).out).toBe('1 job deleted\n')
  })

  test.each(['failed', 'canceled'] as const)('of a job that %s ends with 1', async (state) => {
    await using lab = await startTestCli({
      createJob: created,
      getJob: () => sampleJob({ state }),
      followEvents: withEvents(ended(state)),
    })
    expect(await lab.run(['run', 'x'])).toMatchObject({ code: 1 })
  })

  test('interrupted ends with 130 and tells that the job goes on', async () => {
    const interrupt = new AbortController()
    await using lab = await startTestCli({
      createJob: created,
      followEvents: ({ response }) => {
        response.writeHead(200).flushHeaders()
        interrupt.abort()
      },
    })
    const { code, note } = await lab.run(['run', 'x'], { signal: interrupt.signal })
    expect(code).toBe(130)
    expect(note).toContain(`${id} goes on`)
  })

  test('prints the ended job and nothing else with --json', async () => {
    await using lab = await startTestCli({ createJob: created, getJob: job })
    expect(JSON.parse((await lab.run(['run', 'x', '--json'])).out)).toMatchObject({ id, state: 'succeeded' })
  })

  test('shows each field that the server refuses', async () => {
    await using lab = await startTestCli({ createJob: created })
    const { code, note } = await lab.run(['run', 'x', '--language', 'cobol', '--memory', '1'])
    expect(code).toBe(2)
    expect(note).toMatch(/language: .*\n.*limits\.memoryMiB: /)
  })
})

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

describe('open', () => {
  test('without a job prints a link that signs a browser in', async () => {
    const url = 'http://localhost:7080/sign-in/x'
    await using lab = await startTestCli({ createSignInLink: () => ({ url }) })
    expect(await lab.run(['open'])).toMatchObject({ code: 0, out: `${url}\n` })
    expect(JSON.parse((await lab.run(['open', '--json'])).out)).toEqual({ signIn: url })
  })

  test('opens a closed desktop again and waits until it is live', async () => {
    const closed = { state: 'closed', url: null, expiresAt: null } as const
    let opened = false
    let asked = 0
    await using lab = await startTestCli({
      getJob: () => (!opened ? sampleJob({ desktop: closed }) : ++asked < 2 ? opening() : sampleJob()),
      openJob: () => {
        opened = true
        return opening()
      },
      followEvents: withEvents(
        { type: 'desktop.state', data: { from: 'live', to: 'closed', message: null } },
        { type: 'desktop.state', data: { from: 'opening', to: 'live', message: null } },
      ),
      createSignInLink: () => ({ url: 'http://localhost:7080/sign-in/x' }),
    })
    const opening = () => sampleJob({ desktop: { ...closed, state: 'opening' } })
    expect(await lab.run(['start-job', id])).toMatchObject({
      code: 0,
      out: 'http://localhost:6080/vnc.html\n',
    })
  })

  test('ends with 3 where the desktop closes instead', async () => {
    const closed = { state: 'closed', url: null, expiresAt: null } as const
    await using lab = await startTestCli({
      getJob: () => sampleJob({ desktop: closed }),
      openJob: () => sampleJob({ desktop: { ...closed, state: 'opening' } }),
      followEvents: withEvents({
        type: 'desktop.state',
        data: { from: 'opening', to: 'closed', message: 'x' },
      }),
    })
    expect(await lab.run(['open', id])).toMatchObject({ code: 3 })
  })
})

describe('cp', () => {
  const having = (...paths: string[]) =>
    startTestCli({
      listFiles: () => ({
        files: paths.map((path) => ({ path, bytes: 1, modifiedAt: '2026-01-01T00:00:00Z' })),
        skipped: [],
      }),
      readFile: ({ params, response }) => void response.writeHead(200).end(`content of ${params['path']}`),
    })

  test('copies one file, to a name or into a folder', async () => {
    await using lab = await having('a/b.py')
    await mkdir(join(lab.folder, 'in'))
    await lab.run(['cp', `${id}:a/b.py`, join(lab.folder, 'c.py')])
    await lab.run(['cp', `${id}:a/b.py`, join(lab.folder, 'in')])
    expect(await readFile(join(lab.folder, 'c.py'), 'utf8')).toBe('content of a/b.py')
    expect(await readFile(join(lab.folder, 'in/b.py'), 'utf8')).toBe('content of a/b.py')
  })

  test('copies everything into a folder that it makes', async () => {
    await using lab = await having('a.py', 'deep/er/b.py')
    expect(await lab.run(['cp', `${id}:`, join(lab.folder, 'new')])).toMatchObject({ code: 0 })
    expect(await readFile(join(lab.folder, 'new/deep/er/b.py'), 'utf8')).toBe('content of deep/er/b.py')
  })

  test('prints one file to -', async () => {
    await using lab = await having('a.py')
    expect(await lab.run(['cp', `${id}:a.py`, '-'])).toMatchObject({ code: 0, out: 'content of a.py' })
  })

  test.each(['../evil', 'a/../../evil', '/etc/evil/..', '..', 'a\\..\\b'])(
    'copies nothing where a file is named %j',
    async (path) => {
      await using lab = await having('good.py', path)
      expect(await lab.run(['cp', `${id}:`, join(lab.folder, 'in')])).toMatchObject({ code: 5 })
      expect(await readdir(lab.folder)).toEqual([])
    },
  )

  test('does not write through a link that leads out of the folder', async () => {
    await using lab = await having('out/evil', 'link')
    await mkdir(join(lab.folder, 'in'))
    await mkdir(join(lab.folder, 'elsewhere'))
    await symlink(join(lab.folder, 'elsewhere'), join(lab.folder, 'in/out'))
    expect(await lab.run(['cp', `${id}:`, join(lab.folder, 'in')])).toMatchObject({ code: 5 })
    expect(await readdir(join(lab.folder, 'elsewhere'))).toEqual([])
  })

  test('replaces a link that has a file’s name, and leaves what it points to', async () => {
    await using lab = await having('link')
    await mkdir(join(lab.folder, 'in'))
    await writeFile(join(lab.folder, 'precious'), 'kept')
    await symlink(join(lab.folder, 'precious'), join(lab.folder, 'in/link'))
    await lab.run(['cp', `${id}:`, join(lab.folder, 'in')])
    expect(await readFile(join(lab.folder, 'precious'), 'utf8')).toBe('kept')
    expect(await readFile(join(lab.folder, 'in/link'), 'utf8')).toBe('content of link')
  })

  test.each([
    ['', 'new.bin'],
    ['in/', 'in/new.bin'],
    ['in/other.bin', 'in/other.bin'],
    ['/output/other.bin', 'other.bin'],
  ])('copies a file into the sandbox, to “%s” as %s', async (path, expected) => {
    await using lab = await startTestCli({ writeFile: () => undefined })
    const source = join(lab.folder, 'new.bin')
    await writeFile(source, Buffer.from([0, 255, 10]))
    expect(await lab.run(['cp', source, `${id}:${path}`])).toMatchObject({
      code: 0,
      out: `${id}:${expected}\n`,
    })
    expect(lab.calls).toMatchObject([{ params: { path: expected }, body: Buffer.from([0, 255, 10]) }])
  })

  test('of a file that is not here says so, and how to write both directions', async () => {
    await using lab = await startTestCli()
    const { code, note } = await lab.run(['cp', 'nowhere.txt', `${id}:`])
    expect(code).toBe(2)
    expect(note).toContain('there is no file nowhere.txt')
  })

  test('of a file that is not there ends with 3', async () => {
    await using lab = await having('a.py')
    expect(await lab.run(['cp', `${id}:b.py`, lab.folder])).toMatchObject({ code: 3 })
  })
})

describe('prompt', () => {
  test('sends the text word for word with its check and a key of its own, and follows the run', async () => {
    const followUp = { prompt: '-v "$(id)"', check: { stdout: 'b', whitespace: 'normalized' } } as const
    const again = sampleJob({ followUp })
    await using lab = await startTestCli({
      promptJob: () => again,
      getJob: () => again,
      followEvents: withEvents(ended('succeeded')),
    })
    const argv = ['prompt', id, '--check-stdout', 'b', '--', '-v "$(id)"']
    expect(await lab.run(argv)).toMatchObject({ code: 0 })
    const call = lab.calls.find(({ route }) => route === 'promptJob')
    expect(call?.body).toEqual({ prompt: '-v "$(id)"', check: { stdout: 'b', whitespace: 'normalized' } })
    expect(call?.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('says what is missing', async () => {
    await using lab = await startTestCli({})
    expect(await lab.run(['prompt', id])).toMatchObject({
      code: 2,
      note: expect.stringContaining('the prompt is missing') as string,
    })
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
