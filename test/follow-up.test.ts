import { setTimeout as sleep } from 'node:timers/promises'
import type { InputAction } from '@vitrine/contract/control.ts'
import type { JobEvent } from '@vitrine/contract/event.ts'
import type { Job, NewJobInput, NewPromptInput } from '@vitrine/contract/job.ts'
import { VitrineConnectionError } from '@vitrine/sdk/error.ts'
import { describe, expect, test } from 'vitest'
import { docker } from './testbed/containers.ts'
import { sharedServer } from './testbed/shared-server.ts'
import { program, type Play } from './testbed/stories.ts'

const { stories, server } = await sharedServer({ VITRINE_CONCURRENCY: '3' })

const oneCandidate = { candidates: 1 }
/** Runs a job to its end; the model answers with these plays, those for follow-ups included. */
const run = async (job: NewJobInput, ...plays: Play[]): Promise<Job> => {
  stories.answer(job.task, ...plays)
  const { id } = await server.vitrine.jobs.create({ limits: oneCandidate, ...job })
  return server.reach(id, 'succeeded')
}
const followUp = async (id: string, prompt: NewPromptInput): Promise<Job> => {
  const { run: wanted } = await server.vitrine.jobs.prompt(id, prompt)
  return server.reach(id, (job) => job.run === wanted && ['succeeded', 'failed'].includes(job.state))
}
const messagesOf = (task: string, nth: number) =>
  stories.asked(task)[nth]?.body['messages'] as { role: string; content: string }[]
const eventsOf = (id: string) => Array.fromAsync(server.vitrine.jobs.events(id, { follow: false }))
const ofType = <T extends JobEvent['type']>(events: JobEvent[], type: T) =>
  events.filter((event): event is Extract<JobEvent, { type: T }> => event.type === type)
const read = async (id: string, path: string) => (await server.vitrine.jobs.files.read(id, path)).text()
const inside = async (id: string, ...command: string[]) => {
  const { id: container } = (await server.sandboxOf(id))!
  return docker('exec', '--env', 'DISPLAY=:1', container, ...command)
}
const titles = async (id: string): Promise<string[]> => {
  const script =
    'for w in $(xprop -root _NET_CLIENT_LIST | grep -o "0x[0-9a-f]*"); do xprop -id $w _NET_WM_NAME; done'
  const told = await inside(id, 'sh', '-c', script)
  return [...told.matchAll(/= "(.*)"/g)].map(([, title]) => title!)
}
const activeTitle = async (id: string): Promise<string> => {
  const script =
    'xprop -id $(xprop -root _NET_ACTIVE_WINDOW | grep -o "0x[0-9a-f]*" | head -1) _NET_WM_NAME || true'
  return /= "(.*)"/.exec(await inside(id, 'sh', '-c', script))?.[1] ?? ''
}
const controlOf = (id: string, viewer: string) => ({
  input: (actions: InputAction[]) => server.vitrine.jobs.control.input(id, viewer, actions),
  release: () => server.vitrine.jobs.control.release(id, viewer),
})

describe('a follow-up', () => {
  test('shows the model the program that is there, and gedit and the terminal what came of it', async () => {
    const task = 'Print a greeting.'
    const { id } = await run(
      { task, check: { stdout: 'hello' } },
      program('print("hello")'),
      program('print("HELLO")'),
    )
    const before = await server.sandboxOf(id)
    const job = await followUp(id, { prompt: 'Now louder.', check: { stdout: 'HELLO' } })
    expect(job).toMatchObject({
      run: 2,
      followUp: { prompt: 'Now louder.' },
      verdict: { outcome: 'passed', program: 'print_a_greeting.py', candidates: 1 },
      desktop: { state: 'live' },
    })
    expect((await server.sandboxOf(id))!.id).toBe(before!.id)
    expect(messagesOf(task, 1).slice(1)).toEqual([
      { role: 'user', content: task },
      { role: 'assistant', content: '```python\nprint("hello")\n```' },
      { role: 'user', content: 'Now louder.\nWrite the whole changed program.' },
    ])
    expect(await read(id, 'print_a_greeting.py')).toBe('print("HELLO")\n')
    const { files } = await server.vitrine.jobs.files.list(id)
    const paths = files.map(({ path }) => path)
    expect(paths).toEqual(
      expect.arrayContaining([1, 2].map((run) => `.vitrine/run-${run}/candidate-1/answer.txt`)),
    )
    expect(paths.filter((path) => path.includes('versions'))).toEqual([])
    expect((await titles(id)).filter((title) => title.includes('gedit'))).toEqual([
      'print_a_greeting.py (/output) - gedit',
    ])
    const opened = ofType(await eventsOf(id), 'desktop.window').filter((event) => event.run === 2)
    expect(opened.map(({ data }) => data.program).toSorted()).toEqual(['gedit', 'pcmanfm', 'xclock', 'xterm'])
    const recorded = async () =>
      (await server.vitrine.jobs.recordings.list(id)).map((one) => [one.run, one.live])
    await expect.poll(recorded, { timeout: 20_000 }).toEqual([
      [1, false],
      [2, true],
    ])
  })

  test('starts from what somebody wrote by hand, and keeps it', async () => {
    const task = 'Print a number.'
    const { id } = await run({ task }, program('print(1)'), program('print(3)'), program('print(4)'))
    await inside(id, 'sh', '-c', 'echo "print(2)  # mine" > /output/print_a_number.py')
    await followUp(id, { prompt: 'One more.' })
    expect(messagesOf(task, 1)[2]?.content).toContain('print(2)  # mine')
    expect(await read(id, 'print_a_number.py')).toBe('print(3)\n')
    expect(await read(id, '.vitrine/versions/1-print_a_number.py')).toBe('print(2)  # mine\n')
    const versions = ofType(await eventsOf(id), 'file.versioned')
    expect(versions).toMatchObject([
      { run: 2, data: { path: 'print_a_number.py', version: '.vitrine/versions/1-print_a_number.py' } },
    ])

    await followUp(id, { prompt: 'And one more.' })
    expect(messagesOf(task, 2)[2]?.content).toContain('print(3)')
    expect(ofType(await eventsOf(id), 'file.versioned')).toHaveLength(1)
  })

  test('keeps what somebody saves while it works, too', async () => {
    const task = 'Print while working.'
    const { id } = await run({ task }, program('print(1)'), { text: 'Well ', ending: 'stall' })
    await server.vitrine.jobs.prompt(id, { prompt: 'Slowly.' })
    await expect.poll(() => stories.asked(task).length, { timeout: 20_000 }).toBe(2)
    await inside(id, 'sh', '-c', 'echo "print(7)" > /output/print_while_working.py')
    await server.vitrine.jobs.cancel(id)
    await expect
      .poll(() => read(id, '.vitrine/versions/1-print_while_working.py').catch(() => ''), { timeout: 20_000 })
      .toBe('print(7)\n')
    expect(await read(id, 'print_while_working.py')).toBe('print(1)\n')
  })

  test('leaves an editor alone that has changes which nobody has saved', async () => {
    const task = 'Print in the editor.'
    const { id } = await run({ task }, program('print("a")'), program('print("b")'))
    const name = 'print_in_the_editor.py (/output) - gedit'
    const { input, release } = controlOf(id, 'viewer-of-the-test')
    await expect.poll(() => titles(id), { timeout: 20_000 }).toContain(name)
    await input([{ mouse: { x: 400, y: 300, action: 'click', button: 'left' } }])
    await expect.poll(() => activeTitle(id), { timeout: 20_000 }).toBe(name)
    await input([{ text: '# my own thought' }])
    await expect.poll(() => titles(id), { timeout: 20_000 }).toContain(`*${name}`)
    await release()
    await followUp(id, { prompt: 'Another letter.' })
    await expect
      .poll(() => titles(id), { timeout: 20_000 })
      .toEqual(expect.arrayContaining([name, `*${name}`]))
    const warnings = ofType(await eventsOf(id), 'log').map(({ data }) => data.message)
    expect(warnings.join('\n')).toContain('gedit has changes that are not saved')
  })

  test('that does not work out leaves the program as it was', async () => {
    const task = 'Print what works.'
    const { id } = await run({ task }, program('print("works")'), program('1 / 0'))
    const job = await followUp(id, { prompt: 'Break it.' })
    expect(job).toMatchObject({
      state: 'failed',
      reason: { code: 'check_failed' },
      verdict: { outcome: 'failed', program: 'print_what_works.py' },
    })
    expect(await read(id, 'print_what_works.py')).toBe('print("works")\n')
    expect(await read(id, '.vitrine/run-2/candidate-1/program.py')).toBe('1 / 0\n')
  })

  test('survives a server that is killed at any moment of it', async () => {
    const task = 'Print through kills.'
    const kills = 6
    const slow = (n: number): Play => ({ text: program(`print(${n})`), pieceMs: 40 })
    const { id } = await run({ task }, program('print(0)'))
    for (let n = 1; n <= kills; n += 1) {
      // A call that broke with the server is made again, and answered alike.
      stories.answer(task, ...stories.asked(task).map(() => ''), slow(n))
      const prompt = { prompt: `Now ${n}.` }
      const key = { idempotencyKey: `prompt-${n}` }
      const { run: wanted } = await server.vitrine.jobs.prompt(id, prompt, key)
      expect(wanted).toBe(n + 1)
      // Sooner and later after the acknowledgement: in its queue, as it is handed over, while the model writes.
      await sleep((n - 1) * 60)
      await server.kill()
      await server.start()
      await expect
        .poll(() => again(() => server.vitrine.jobs.prompt(id, prompt, key)), { timeout: 20_000 })
        .toMatchObject({ run: wanted })
      const job = await server.reach(id, (one) => one.state === 'succeeded')
      expect(job).toMatchObject({ run: wanted, verdict: { outcome: 'ran' } })
      expect(await read(id, 'print_through_kills.py')).toBe(`print(${n})\n`)
    }
    const events = await eventsOf(id)
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1))
    const runs = Array.from({ length: kills + 1 }, (_, n) => n + 1)
    expect(ofType(events, 'verdict').map((event) => event.run)).toEqual(runs)
    expect(ofType(events, 'job.prompted').map((event) => event.run)).toEqual(runs.slice(1))
  })
})

async function again<T>(call: () => Promise<T>): Promise<T | null> {
  try {
    return await call()
  } catch (error) {
    if (error instanceof VitrineConnectionError) return null
    throw error
  }
}
