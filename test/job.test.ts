import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { JobEvent } from '@vitrine/contract/event.ts'
import type { Job, NewJobInput } from '@vitrine/contract/job.ts'
import { describe, expect, test } from 'vitest'
import { docker } from './testbed/containers.ts'
import { sharedServer } from './testbed/shared-server.ts'
import { program, type Play } from './testbed/stories.ts'

const { stories, server } = await sharedServer({ VITRINE_CONCURRENCY: '3' })

/** Creates a job that is answered with these plays. */
const create = (job: NewJobInput, ...plays: Play[]): Promise<Job> => {
  stories.answer(job.task, ...plays)
  return server.vitrine.jobs.create(job)
}
const eventsOf = (id: string) => Array.fromAsync(server.vitrine.jobs.events(id, { follow: false }))
const ofType = <T extends JobEvent['type']>(events: JobEvent[], type: T) =>
  events.filter((event): event is Extract<JobEvent, { type: T }> => event.type === type)
const read = async (id: string, path: string) => (await server.vitrine.jobs.files.read(id, path)).text()

describe('a job', () => {
  test('is written, run and checked; its story, its files and its desktop are there', async () => {
    const task = 'Print the squares of 1 to 3.'
    const code = 'for n in range(1, 4):\n    print(n * n)'
    const { id } = await create({ task, check: { stdout: '1\n4\n9' } }, program(code))
    const job = await server.reach(id, 'succeeded')
    expect(job).toMatchObject({
      run: 1,
      reason: null,
      verdict: { outcome: 'passed', program: 'print_the_squares_of_1_to_3.py', candidates: 1 },
      usage: { calls: 1 },
      desktop: { state: 'live' },
    })
    expect(job.verdict?.checks.map(({ check, passed }) => [check, passed])).toEqual([
      ['compiles', true],
      ['runs', true],
      ['stdout', true],
    ])
    expect(await read(id, 'print_the_squares_of_1_to_3.py')).toBe(`${code}\n`)

    const events = await eventsOf(id)
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1))
    expect(ofType(events, 'job.state').map(({ data }) => data.to)).toEqual([
      'queued',
      'starting',
      'running',
      'succeeded',
    ])
    expect(
      ofType(events, 'desktop.window')
        .map(({ data }) => data.program)
        .toSorted(),
    ).toEqual(['gedit', 'pcmanfm', 'xclock', 'xterm'])
    const sandbox = await server.sandboxOf(id)
    const told = [
      (await Array.fromAsync(server.vitrine.jobs.logs(id))).join('\n'),
      await docker('logs', sandbox!.id),
    ]
    for (const words of ['print(n * n)', 'stdout', 'passed']) {
      for (const story of told) expect(story).toContain(words)
    }
    expect(await docker('inspect', sandbox!.id)).not.toMatch(/squares|job-/)
  })

  test('is repaired after a traceback, which the model is shown', async () => {
    const task = 'Print the word fixed.'
    const { id } = await create(
      { task, limits: { candidates: 2 } },
      program('print(fixed)'),
      program('print("fixed")'),
    )
    const job = await server.reach(id, 'succeeded')
    expect(job.verdict).toMatchObject({ outcome: 'ran', candidates: 2 })
    const kinds = ofType(await eventsOf(id), 'candidate.started').map(({ data }) => data.kind)
    expect(kinds).toEqual(['first', 'repair'])
    expect(JSON.stringify(stories.asked(task)[1]?.body)).toContain("NameError: name 'fixed' is not defined")
  })

  test('fails where it prints something else than its check wants', async () => {
    const limits = { candidates: 2 }
    const { id } = await create(
      { task: 'Print one.', check: { stdout: 'one' }, limits },
      program('print("two")'),
    )
    const job = await server.reach(id, 'failed')
    expect(job).toMatchObject({
      reason: { code: 'check_failed' },
      verdict: { outcome: 'failed', candidates: 2, program: 'print_one.py' },
    })
    expect(job.verdict?.checks.at(-1)).toMatchObject({ check: 'stdout', passed: false, exitCode: 0 })
  })

  test('is decided by a pytest file where it brings one', async () => {
    const tests = 'import program\n\ndef test_double():\n    assert program.double(4) == 8\n'
    const { id } = await create(
      { task: 'Double a number.', check: { tests } },
      program('def double(n):\n    return n + 2'),
      program('def double(n):\n    return n * 2'),
    )
    const job = await server.reach(id, 'succeeded')
    expect(job.verdict).toMatchObject({ outcome: 'passed', candidates: 2 })
    expect(job.verdict?.checks.at(-1)).toMatchObject({ check: 'tests', passed: true })
  })

  test('succeeds with a program that shows a window and goes on', async () => {
    const code =
      'import tkinter\n\nroot = tkinter.Tk()\ntkinter.Label(root, text="hello").pack()\nroot.mainloop()'
    const { id } = await create({ task: 'Show a window.' }, program(code))
    const job = await server.reach(id, 'succeeded')
    expect(job.verdict?.checks.at(-1)).toMatchObject({
      check: 'runs',
      passed: true,
      timedOut: false,
      message: expect.stringContaining('window'),
    })
    const sandbox = await server.sandboxOf(id)
    const inside = ['exec', '--env', 'DISPLAY=:1', sandbox!.id]
    await expect
      .poll(() => docker(...inside, 'pgrep', '-af', 'python3'), { timeout: 10_000 })
      .toContain('show_a_window.py')
  })

  test('takes its task word by word, whatever is in it', async () => {
    const tasks = ['"; touch /output/pwned #', '$(touch /output/pwned)', '--help', '@/etc/passwd', '| `id`']
    const jobs = await Promise.all(
      tasks.map((task) => create({ task, limits: { candidates: 1 } }, program('print(1)'))),
    )
    for (const [index, task] of tasks.entries()) {
      const job = await server.reach(jobs[index]!.id, 'succeeded')
      expect(job.task).toBe(task)
      expect(stories.asked(task)).toHaveLength(1)
      const { files } = await server.vitrine.jobs.files.list(job.id)
      const names = files.map(({ path }) => path).filter((path) => !path.startsWith('.vitrine/'))
      expect(names).toEqual([job.verdict?.program])
    }
  })

  test('takes a task of 256 KiB, which reaches the model whole', async () => {
    const task = `Print done. ${'é \n'.repeat(65_533)}`
    expect(Buffer.byteLength(task)).toBe(256 * 1024)
    const { id } = await create({ task, limits: { candidates: 1 } }, program('print("done")'))
    await server.reach(id, 'succeeded')
    expect(stories.asked(task)).toHaveLength(1)
  })
})

describe('a job that somebody', () => {
  test('cancels during a model call ends that call within a second, and keeps its desktop', async () => {
    const task = 'Think for ever.'
    const { id } = await create({ task }, { text: 'Well ', ending: 'stall' })
    await expect.poll(() => stories.asked(task).length, { timeout: 20_000 }).toBe(1)
    const begun = performance.now()
    const canceled = await server.vitrine.jobs.cancel(id)
    expect(await stories.asked(task)[0]?.over).toBe('aborted')
    expect(performance.now() - begun).toBeLessThan(1000)
    expect(canceled).toMatchObject({
      state: 'canceled',
      reason: { code: 'canceled' },
      desktop: { state: 'live' },
    })
    expect(await server.vitrine.jobs.cancel(id)).toMatchObject({ state: 'canceled' })
  })

  test('stops keeps its files, shows them when opened again, and runs anew when restarted', async () => {
    const task = 'Print its own text.'
    const code = 'print("first")'
    const { id } = await create(
      { task, limits: { candidates: 1 } },
      program(code),
      program('print("second")'),
    )
    await server.reach(id, 'succeeded')
    const first = await server.sandboxOf(id)
    await docker('exec', first!.id, 'sh', '-c', 'echo by hand > /output/note.txt')

    await server.vitrine.jobs.stop(id)
    const closed = await server.reach(id, ({ desktop }) => desktop.state === 'closed')
    expect(closed).toMatchObject({ state: 'succeeded', desktop: { url: null, expiresAt: null } })
    expect(await read(id, 'note.txt')).toBe('by hand\n')
    await expect.poll(() => server.sandboxOf(id), { timeout: 10_000 }).toBeNull()

    await server.vitrine.jobs.open(id)
    const opened = await server.reach(id, ({ desktop }) => desktop.state === 'live')
    expect(opened).toMatchObject({ run: 1, state: 'succeeded' })
    const second = await server.sandboxOf(id)
    expect(second?.sandbox).not.toBe(first!.sandbox)
    expect(await docker('exec', second!.id, 'cat', '/output/note.txt')).toBe('by hand\n')
    expect(await docker('exec', second!.id, 'cat', '/output/print_its_own_text.py')).toBe(`${code}\n`)
    expect(stories.asked(task)).toHaveLength(1)

    await server.vitrine.jobs.restart(id)
    const again = await server.reach(id, ({ run, state }) => run === 2 && state === 'succeeded')
    expect(again.verdict).toMatchObject({ outcome: 'ran', candidates: 1 })
    expect(await read(id, 'print_its_own_text.py')).toBe('print("second")\n')
    const runs = ofType(await eventsOf(id), 'verdict').map(({ run }) => run)
    expect(runs).toEqual([1, 2])
  })

  test('extends keeps its desktop, which closes by itself when its time is over', async () => {
    const { id } = await create(
      { task: 'Print short.', limits: { desktopSeconds: 60 } },
      program('print("short")'),
    )
    await server.reach(id, 'succeeded')
    const left = ({ desktop }: Job) => Date.parse(desktop.expiresAt!) - Date.now()
    expect(left(await server.vitrine.jobs.extend(id, 7200))).toBeGreaterThan(7_190_000)
    await server.vitrine.jobs.extend(id, 1)
    const closed = await server.reach(id, ({ desktop }) => desktop.state === 'closed')
    expect(closed.state).toBe('succeeded')
    expect(await read(id, 'print_short.py')).toBe('print("short")\n')
    await expect.poll(() => server.sandboxOf(id), { timeout: 10_000 }).toBeNull()
  })

  test('deletes leaves nothing behind', async () => {
    const { id } = await create({ task: 'Print gone.' }, program('print("gone")'))
    await server.reach(id, 'succeeded')
    const { id: container, sandbox } = (await server.sandboxOf(id))!
    await server.vitrine.jobs.delete(id)
    await expect(server.vitrine.jobs.get(id)).rejects.toMatchObject({ status: 404 })
    const left = async () => ({
      container: (await server.containers()).some((one) => one.id === container),
      link: existsSync(join(server.stateDir, 'links', sandbox)),
      files: existsSync(join(server.stateDir, 'files', id)),
    })
    await expect.poll(left, { timeout: 10_000 }).toEqual({ container: false, link: false, files: false })
  })
})
