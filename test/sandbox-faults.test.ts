import { once } from 'node:events'
import type { Job } from '@vitrine/contract/job.ts'
import { afterAll, beforeAll, describe, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { docker } from './testbed/containers.ts'
import { image } from './testbed/sandbox.ts'
import { startServerProcess, type ServerProcess } from './testbed/server-process.ts'
import { program, startStories, type Play, type Stories } from './testbed/stories.ts'

const stack = new AsyncDisposableStack()
let stories: Stories
let server: ServerProcess
beforeAll(async () => {
  stories = stack.use(await startStories())
  server = await startServerProcess({
    VITRINE_MODEL_SERVERS: stories.url,
    VITRINE_MODEL_SLOTS: '16',
    VITRINE_CONCURRENCY: '12',
  })
  stack.use(server)
})
afterAll(() => stack.disposeAsync(), 120_000)

const create = (task: string, play: Play, on = server): Promise<Job> => {
  stories.answer(task, play)
  return on.vitrine.jobs.create({ task, limits: { candidates: 1, desktopSeconds: on === server ? 3600 : 5 } })
}
/** A job whose model answers when it is let go, and its container. */
async function working(task: string): Promise<{ id: string; container: string; letGo: () => void }> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const { id } = await create(task, { text: program('print("went on")'), headerAfter: promise })
  await server.reach(id, ({ phase }) => phase === 'generating')
  return { id, container: (await server.sandboxOf(id))!.id, letGo: resolve }
}
const ended = (id: string) => server.reach(id, ({ state }) => state === 'succeeded' || state === 'failed')
const inside = (container: string, command: string) => docker('exec', container, 'bash', '-c', command)
/** The agent is the one program of Node's in its sandbox. */
const agent = 'pidof node | tr " " "\\n" | sort -n | head -1'

describe.concurrent('a sandbox', { timeout: 300_000 }, () => {
  test('that somebody stops ends its job within ten seconds, which says so', async ({ expect }) => {
    const { id, container } = await working('Wait to be stopped.')
    await docker('stop', '--time', '1', container)
    const stopped = performance.now()
    const job = await server.reach(id, 'failed')
    expect(performance.now() - stopped).toBeLessThan(10_000)
    expect(job.reason).toMatchObject({ code: 'sandbox_lost', message: expect.stringContaining('exit code') })
    await server.reach(id, ({ desktop }) => desktop.state === 'closed')
  })

  test('whose agent is killed ends its job with a reason', async ({ expect }) => {
    const { id, container } = await working('Wait for the agent’s death.')
    await inside(container, `kill -9 $(${agent})`).catch(() => {})
    expect((await server.reach(id, 'failed')).reason?.code).toBe('sandbox_lost')
    await server.reach(id, ({ desktop }) => desktop.state === 'closed')
  })

  test('whose agent stands still ends its job with a reason', async ({ expect }) => {
    const { id, container } = await working('Wait for the agent’s sleep.')
    await inside(container, `kill -STOP $(${agent})`)
    const job = await server.reach(id, 'failed')
    expect(job.reason).toMatchObject({
      code: 'agent_error',
      message: expect.stringContaining('has not answered'),
    })
    await server.reach(id, ({ desktop }) => desktop.state === 'closed')
  })

  test('whose X server crashes goes on with its job, and viewers see the desktop again', async ({
    expect,
  }) => {
    const { id, container, letGo } = await working('Wait for the X server’s crash.')
    const url = new URL(`jobs/${id}/websockify`, server.url.replace(/^http/, 'ws'))
    const watch = () => {
      const headers = { authorization: `Bearer ${server.token}` }
      const webSocket = new WebSocket(url, 'binary', { headers })
      webSocket.on('error', () => {})
      return webSocket
    }
    const before = watch()
    const [banner] = await once(before, 'message')
    expect(String(banner)).toBe('RFB 003.008\n')
    const closed = once(before, 'close')
    await inside(container, 'kill -9 $(pidof Xtigervnc)')
    await closed
    // As a page does that was closed so: again, until the desktop is there.
    const seen = async () => {
      const webSocket = watch()
      const first = await Promise.race([once(webSocket, 'message'), once(webSocket, 'close')])
      webSocket.terminate()
      return String(first[0])
    }
    await expect.poll(seen, { timeout: 60_000, interval: 500 }).toBe('RFB 003.008\n')
    letGo()
    expect((await ended(id)).state).toBe('succeeded')
  })

  test('that is full of files and links gives what may be given, within its limits', async ({ expect }) => {
    const { id, container, letGo } = await working('Wait for a full output.')
    const fill = `cd /output && echo own > own && mkdir many
      python3 -c 'for n in range(20_000): open(f"/output/many/{n}", "w").close()'
      ln -s /etc/passwd link && ln -s /proc/1 proc && mkfifo fifo
      head -c 300000000 /dev/zero > rest || echo full`
    expect(await inside(container, fill)).toContain('full')
    // A sandbox that takes too long over its list is an error of the moment, not a call that hangs.
    const patient = { timeout: 120_000, interval: 500 }
    const { files, skipped } = await vi.waitFor(() => server.vitrine.jobs.files.list(id), patient)
    expect(files).toHaveLength(2000)
    expect(files.map(({ path }) => path)).toContain('own')
    expect(skipped.length).toBeLessThan(300)
    const why = Object.fromEntries(skipped.map(({ path, why }) => [path, why]))
    expect(why).toMatchObject({
      link: 'is a symbolic link',
      proc: 'is a symbolic link',
      fifo: 'is a FIFO',
      rest: expect.stringContaining('larger than'),
    })
    const archive = await vi.waitFor(() => server.vitrine.jobs.files.zip(id), patient)
    expect((await archive.bytes()).length).toBeGreaterThan(1000)
    letGo()
    const { state, reason } = await ended(id)
    expect(state === 'succeeded' || reason !== null).toBe(true)
  })

  test('where a file is swapped for a link again and again never gives what the link leads to', async ({
    expect,
  }) => {
    const { id, container, letGo } = await working('Wait for the swaps.')
    const swap = `cd /output && echo own > own && mkdir real && echo own > real/passwd && touch /tmp/swaps
      while test ! -e /tmp/go; do
        ln -sf /etc/passwd f; ln -f own f; rm -rf d; ln -s /etc d; rm d; cp -r real d
      done`
    const swapping = inside(container, swap)
    await expect
      .poll(() => inside(container, 'test -e /tmp/swaps && echo there').catch(() => ''), { timeout: 60_000 })
      .toBe('there\n')
    const given = new Set<string>()
    for (let n = 0; n < 150; n++) {
      for (const path of ['f', 'd/passwd']) {
        const file = server.vitrine.jobs.files.read(id, path)
        given.add(await file.then((response) => response.text()).catch(() => 'refused'))
      }
    }
    await inside(container, 'touch /tmp/go')
    await swapping
    expect([...given].filter((text) => text !== 'own\n' && text !== 'refused' && text !== '')).toEqual([])
    expect(given).toContain('own\n')
    letGo()
    await ended(id)
  })

  test('and everything that tells of it hold no secret and nothing of other jobs', async ({ expect }) => {
    const { id, container, letGo } = await working('Keep MARKER-OF-THIS-TASK out of what the engine knows.')
    const secrets = [server.token, server.stateDir, 'VITRINE_', 'DOCKER_HOST']
    const config = await docker('inspect', container)
    const { Config, HostConfig, Args } = (JSON.parse(config) as Record<string, object>[])[0]!
    const seen: Record<string, string> = {
      'the container’s settings': JSON.stringify([Config, Args, { ...HostConfig, Mounts: [] }]),
      'its processes': await inside(
        container,
        'cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" "\\n" | grep -v VITRINE_RUN=',
      ),
      'its mounts': await inside(container, 'cat /proc/self/mounts'),
      'its log': await docker('logs', container),
      'the image': await docker('history', '--no-trunc', image),
      'the image’s settings': await docker('image', 'inspect', '--format', '{{json .Config}}', image),
      'the job': JSON.stringify(await server.vitrine.jobs.get(id)),
      'its events': JSON.stringify(await Array.fromAsync(server.vitrine.jobs.events(id, { follow: false }))),
      'the server’s log': server.warnings(),
      'what is refused': await refusals(),
    }
    for (const [what, text] of Object.entries(seen)) {
      for (const secret of secrets) expect(text.includes(secret), `${secret} in ${what}`).toBe(false)
    }
    expect(seen['the container’s settings']).not.toContain('MARKER-OF-THIS-TASK')
    expect(seen['its processes']).not.toContain('MARKER-OF-THIS-TASK')
    letGo()
    await ended(id)
  })

  test('ends itself when its desktop’s time runs out while the server is down', async ({ expect }) => {
    await using other = await startServerProcess({ VITRINE_MODEL_SERVERS: stories.url, VITRINE_POOL: '0' })
    const { id } = await create('Print the end.', program('print("end")'), other)
    const { expiresAt } = (await other.reach(id, 'succeeded')).desktop
    const types = async () =>
      (await Array.fromAsync(other.vitrine.jobs.events(id, { follow: false }))).map(({ type }) => type)
    await expect.poll(types, { timeout: 60_000 }).toContain('files.kept')
    await other.kill()
    const states = async () => (await other.containers()).map(({ state }) => state)
    await expect.poll(states, { timeout: 120_000, interval: 500 }).toEqual(['exited'])
    expect(Date.now()).toBeGreaterThan(Date.parse(expiresAt!))
    await other.start()
    const job = await other.reach(id, ({ desktop }) => desktop.state === 'closed')
    expect(job.state).toBe('succeeded')
    await expect.poll(states, { timeout: 60_000 }).toEqual([])
    expect(await (await other.vitrine.jobs.files.read(id, 'print_the_end.py')).text()).toBe('print("end")\n')
  })
})

/** The bodies of answers that are errors. */
async function refusals(): Promise<string> {
  const headers = { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' }
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(new URL(path, server.url), { headers, ...init }).then((response) => response.text())
  const bodies = [
    ask('/api/v1/jobs', { headers: {} }),
    ask('/api/v1/jobs/job-000000000000'),
    ask('/api/v1/nothing'),
    ask('/api/v1/jobs', { method: 'POST', body: '{"task":1,"__proto__":1,"owner":"x"}' }),
    ask('/api/v1/jobs', { method: 'PUT' }),
    ask('/jobs/job-000000000000/websockify'),
    ask('/s/wrong/'),
    ask(`/sign-in?code=wrong`),
  ]
  return (await Promise.all(bodies)).join('\n')
}
