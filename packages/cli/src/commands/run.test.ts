import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { NewJob } from '@vitrine/contract/job.ts'
import { sampleJob } from '@vitrine/sdk/test-server.ts'
import { startTestCli } from '../test-context.ts'
import { id, job, created, withEvents, ended } from '../test-handlers.ts'

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
