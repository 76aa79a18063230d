import { describe, expect, test } from 'vitest'
import type { Job, NewJobInput } from '@vitrine/contract/job.ts'
import type { JobEvent } from '@vitrine/contract/event.ts'
import { docker, pauseContainer } from './testbed/containers.ts'
import { sharedServer } from './testbed/shared-server.ts'
import { program, type Play } from './testbed/stories.ts'

const { stories, server } = await sharedServer()

/** Creates a job that is answered with these plays. */
const create = (job: NewJobInput, ...plays: Play[]): Promise<Job> => {
  stories.answer(job.task, ...plays)
  return server.vitrine.jobs.create(job)
}
const soon = { timeout: 10_000 }
/** For what takes all of the processors for itself. */
const patient = { timeout: 300_000 }
/** A program that ends when somebody says so: the file is made by hand. */
const waiting = program(
  'import os, time\n\nwhile not os.path.exists("/tmp/go"):\n    time.sleep(0.05)\nprint("went on")',
)
const checking = (id: string) => server.reach(id, ({ phase }) => phase === 'checking')
const letGo = async (id: string) => {
  const sandbox = await server.sandboxOf(id)
  await docker('exec', sandbox!.id, 'touch', '/tmp/go')
}

describe('a server that is killed while a job', () => {
  test('has the model speak loses and doubles no event of it', async () => {
    const task = 'Count up.'
    const words = Array.from({ length: 60 }, (_, index) => `w${index}`).join(' ')
    const slow = { text: `${words}\n${program('print(60)')}`, pieceMs: 25 }
    const { id } = await create({ task, limits: { candidates: 1 } }, slow)
    const followed: JobEvent[] = []
    const following = (async () => {
      for await (const event of server.vitrine.jobs.events(id)) {
        followed.push(event)
        if (event.type === 'verdict') return
      }
    })()
    await expect.poll(() => textOf(followed), { timeout: 20_000 }).toContain('w9')
    await server.kill()
    expect(await stories.asked(task)[0]?.over).toBe('aborted')
    await server.start()
    await following
    await server.reach(id, 'succeeded')

    const stored = await Array.fromAsync(server.vitrine.jobs.events(id, { follow: false }))
    expect(stored.map(({ seq }) => seq)).toEqual(stored.map((_, index) => index + 1))
    expect(followed).toEqual(stored.slice(0, followed.length))
    // The call broke with the server and was made again: first a part of the words, then all of them.
    const numbers = [...textOf(stored).matchAll(/w(\d+)/g)].map(([, number]) => Number(number))
    const part = numbers.lastIndexOf(0)
    expect(numbers).toEqual([...range(part), ...range(60)])
  })

  test('has its program run, goes on with it where it was', async () => {
    const { id } = await create({ task: 'Wait.', check: { stdout: 'went on' } }, waiting)
    await checking(id)
    const before = await server.sandboxOf(id)
    await server.kill()
    await docker('exec', before!.id, 'touch', '/tmp/go')
    await server.start()
    const job = await server.reach(id, 'succeeded')
    expect(job.verdict).toMatchObject({ outcome: 'passed', candidates: 1 })
    expect((await server.sandboxOf(id))?.id).toBe(before!.id)
    expect(stories.asked('Wait.')).toHaveLength(1)
  })
})

describe('a sandbox that somebody', () => {
  test('removes makes its job fail within ten seconds, which says so', async () => {
    const { id } = await create({ task: 'Wait to be removed.' }, waiting)
    await checking(id)
    await docker('rm', '--force', (await server.sandboxOf(id))!.id)
    const removed = performance.now()
    const job = await server.reach(id, 'failed')
    expect(performance.now() - removed).toBeLessThan(10_000)
    expect(job.reason).toMatchObject({
      code: 'sandbox_lost',
      message: expect.stringContaining('removed'),
    })
    await server.reach(id, ({ desktop }) => desktop.state === 'closed')
  })

  test('removes after the work closes the desktop, and the files stay', async () => {
    const { id } = await create({ task: 'Print kept.' }, program('print("kept")'))
    await server.reach(id, 'succeeded')
    await expect.poll(() => eventTypes(id), soon).toContain('files.kept')
    await docker('rm', '--force', (await server.sandboxOf(id))!.id)
    const job = await server.reach(id, ({ desktop }) => desktop.state === 'closed')
    expect(job.state).toBe('succeeded')
    const file = await server.vitrine.jobs.files.read(id, 'print_kept.py')
    expect(await file.text()).toBe('print("kept")\n')
  })

  test('pauses makes its job say so within ten seconds, and go on when unpaused', async () => {
    const { id } = await create({ task: 'Wait to be paused.' }, waiting)
    await checking(id)
    const { id: container } = (await server.sandboxOf(id))!
    await pauseContainer(container)
    const paused = performance.now()
    const job = await server.reach(id, ({ waiting }) => waiting !== null)
    expect(performance.now() - paused).toBeLessThan(10_000)
    expect(job).toMatchObject({
      state: 'running',
      waiting: { for: 'sandbox', message: expect.stringContaining('paused by hand') },
    })
    await docker('unpause', container)
    await letGo(id)
    await server.reach(id, 'succeeded')
  })
})

describe('a program that', () => {
  test('takes more memory than its sandbox has is out_of_memory, with the limit', async () => {
    const code = 'import sys\n\nhog = bytearray(2 * 1024 ** 3)\nprint(len(hog))'
    const { id } = await create(
      { task: 'Take memory.', limits: { memoryMiB: 384, candidates: 1 } },
      program(code),
    )
    const job = await server.reach(id, 'failed')
    expect(job.reason).toMatchObject({ code: 'out_of_memory', message: expect.stringContaining('384 MiB') })
  })

  test('starts more processes than its sandbox may have is out_of_memory, with the limit', async () => {
    const code = 'import subprocess\n\nheld = [subprocess.Popen(["sleep", "60"]) for _ in range(1000)]'
    const { id } = await create({ task: 'Start processes.', limits: { candidates: 1 } }, program(code))
    const job = await server.reach(id, 'failed')
    expect(job.reason).toMatchObject({
      code: 'out_of_memory',
      message: expect.stringContaining('512 processes'),
    })
  })

  test('forks for ever is stopped at its limit, and the jobs beside it do not notice', patient, async () => {
    const bomb = 'import os\n\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass'
    const limits = { seconds: 5, candidates: 1 }
    const { id } = await create({ task: 'Fork.', limits }, program(bomb))
    await checking(id)
    const beside = await create({ task: 'Print beside.' }, program('print("beside")'))
    await server.reach(beside.id, 'succeeded')
    const job = await server.reach(id, 'failed')
    expect(job.reason?.code).toMatch(/^(time_limit|out_of_memory)$/)
    const { id: container } = (await server.sandboxOf(id))!
    const processes = async () => (await docker('top', container)).split('\n').length
    await expect.poll(processes, { timeout: 180_000 }).toBeLessThan(60)
  })

  test('prints without an end is stopped, and only the end of what it printed is kept', async () => {
    const limits = { candidates: 1 }
    const code = 'import sys\n\nwhile True:\n    sys.stdout.write("x" * 65536)'
    const { id } = await create({ task: 'Print for ever.', limits }, program(code))
    const job = await server.reach(id, 'failed')
    expect(job.verdict?.checks.at(-1)).toMatchObject({
      check: 'runs',
      passed: false,
      message: 'It printed more than 32 MiB.',
    })
    expect(job.verdict?.checks.at(-1)?.output.length).toBeLessThanOrEqual(4096)
  })

  test('looks around reaches the model at localhost:11434 and nothing else', async () => {
    const task = 'Look around.'
    const port = new URL(server.url).port
    const places = [
      ['127.0.0.1', port],
      ['172.17.0.1', port],
      ['172.17.0.1', new URL(stories.url).port],
      ['172.17.0.1', '22'],
      ['169.254.169.254', '80'],
      ['1.1.1.1', '53'],
    ]
    const code = `import json, socket, urllib.request

tags = json.load(urllib.request.urlopen("http://localhost:11434/api/tags"))
print([model["name"] for model in tags["models"]])
for host, port in ${JSON.stringify(places)}:
    try:
        socket.create_connection((host, int(port)), 3)
        print("reached", host, port)
    except OSError:
        pass
try:
    print(socket.gethostbyname("debian.org"))
except OSError:
    print("no names")`
    const check = { stdout: "['qwen3:0.6b']\nno names" }
    const { id } = await create({ task, check, limits: { candidates: 1 } }, program(code))
    const job = await server.reach(id, ({ state }) => state === 'succeeded' || state === 'failed')
    expect(job.verdict?.checks.at(-1)?.output).toBe("['qwen3:0.6b']\nno names\n")
    expect(job.state).toBe('succeeded')
  })
})

const eventTypes = async (id: string) =>
  (await Array.fromAsync(server.vitrine.jobs.events(id, { follow: false }))).map(({ type }) => type)

const textOf = (events: readonly JobEvent[]) =>
  events.flatMap((event) => (event.type === 'candidate.text' ? [event.data.text] : [])).join('')

const range = (end: number) => Array.from({ length: end }, (_, index) => index)
