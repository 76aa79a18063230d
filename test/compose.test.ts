import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { isFinal, type Job } from '@vitrine/contract/job.ts'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { composeProject, type ComposeProject } from './testbed/compose.ts'
import { startScriptedOllama, type ScriptedOllama } from './testbed/scripted-ollama.ts'
import { freePort } from './testbed/free-port.ts'

const run = promisify(execFile)
const stack = new AsyncDisposableStack()
const release = Promise.withResolvers<void>()
let ollama: ScriptedOllama
let project: ComposeProject
let port: number

beforeAll(async () => {
  ollama = stack.use(
    await startScriptedOllama({
      host: await bridgeAddress(),
      answers: async ({ body }) => {
        if (JSON.stringify(body).includes('slowly')) await release.promise
        return '```python\nprint("from a container")\n```'
      },
    }),
  )
  port = await freePort()
  project = stack.use(
    await composeProject({
      VITRINE_PORT: String(port),
      VITRINE_IMAGE: 'vitrine-test-sandbox',
      VITRINE_SERVER_IMAGE: 'vitrine-test-server',
      OLLAMA_HOST: `http://host.docker.internal:${new URL(ollama.url).port}`,
    }),
  )
  await project.compose('up', '--build', '--detach', '--wait')
})
afterAll(() => stack.disposeAsync())

test('run --rm app runs a task on the running server and follows it to its verdict', async () => {
  const story = await app('run', '--name', 'first', 'Print where you are.')
  expect(story).toContain('│ from a container')
  expect(story).toContain(`http://localhost:${port}/jobs/`)
  const [job] = JSON.parse(await app('ls', '--json')) as Job[]
  expect(job).toMatchObject({ name: 'first', state: 'succeeded', desktop: { state: 'live' } })
  expect(await app('cp', `${job!.id}:${job!.verdict!.program}`, '-')).toContain('from a container')
})

test('a link that the CLI prints signs a browser in, which then sees the desktop at the published port', async () => {
  const cookie = await signIn()
  const { desktop } = await jobNamed('first')
  const page = await fetch(desktop.url!, { headers: { cookie } })
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
  expect(await banner(desktop.url!, cookie)).toBe('RFB 003.008\n')
})

test('only the server has the engine’s socket, and only this machine reaches the server', async () => {
  const containers = await inspect()
  const withSocket = containers.filter(({ Mounts }) => JSON.stringify(Mounts).includes('docker.sock'))
  expect(withSocket.map(service)).toEqual(['app'])
  const published = containers.flatMap(({ NetworkSettings: { Ports } }) => Object.values(Ports).flat())
  expect(published).toEqual([{ HostIp: '127.0.0.1', HostPort: String(port) }])
  expect(await project.compose('logs', 'app')).not.toContain('can try to sign in')
})

test('the commands that would act on the host’s own set-up are refused in a container', async () => {
  await expect(app('down', '--volumes')).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('docker compose'),
  })
})

test('up --build --no-deps app starts a new server on the same jobs and sandboxes, one at work included', async () => {
  await app('run', '--detach', '--name', 'slow', 'Print it slowly.')
  await ollama.generation(2)
  const before = await inspect()
  await appendFile(join(project.folder, 'deploy/entrypoint.sh'), '# changed\n')
  await project.compose('up', '--build', '--no-deps', '--detach', '--wait', 'app')

  const after = await inspect()
  const ids = (all: Inspected[], name: string) =>
    all.filter((one) => service(one) === name).map(({ Id }) => Id)
  expect(ids(after, 'app')).not.toEqual(ids(before, 'app'))
  expect(ids(after, 'sandbox')).toEqual(expect.arrayContaining(ids(before, 'sandbox')))
  release.resolve()
  await vi.waitUntil(async () => isFinal((await jobNamed('slow')).state), { timeout: 30_000, interval: 500 })
  expect(await jobNamed('slow')).toMatchObject({ state: 'succeeded', run: 1 })
  expect(await banner((await jobNamed('first')).desktop.url!, await signIn())).toBe('RFB 003.008\n')
})

test('up --remove-orphans does not take sandboxes for orphans', async () => {
  const sandboxes = (await inspect()).filter((one) => service(one) === 'sandbox')
  await project.compose('up', '--detach', '--remove-orphans')
  const left = (await inspect()).map(({ Id }) => Id)
  expect(left).toEqual(expect.arrayContaining(sandboxes.map(({ Id }) => Id)))
})

test('down --volumes --remove-orphans leaves nothing, sandboxes included', async () => {
  expect((await inspect()).map(service)).toContain('sandbox')
  await project.compose('down', '--volumes', '--remove-orphans')
  expect(await inspect()).toEqual([])
  const filter = ['--quiet', '--filter', `label=com.docker.compose.project=${project.name}`]
  for (const kind of ['volume', 'network']) {
    expect((await run('docker', [kind, 'ls', ...filter])).stdout).toBe('')
  }
})

/** `docker compose run --rm app …` → standard output. */
const app = (...words: string[]) => project.compose('run', '--rm', '--no-TTY', 'app', ...words)

async function jobNamed(name: string): Promise<Job> {
  const jobs = JSON.parse(await app('ls', '--json')) as Job[]
  return jobs.find((job) => job.name === name)!
}

/** The session cookie that a browser gets from a sign-in link. */
async function signIn(): Promise<string> {
  const response = await fetch((await app('open')).trim())
  expect(response.status).toBe(200)
  return response.headers.getSetCookie()[0]!.split(';')[0]!
}

/** What the desktop says first (RFC 6143, 7.1.1). */
async function banner(page: string, cookie: string): Promise<string> {
  const url = new URL('websockify', page)
  const socket = new WebSocket(url.href.replace('http', 'ws'), { headers: { cookie, origin: url.origin } })
  const [message] = (await once(socket, 'message')) as [Buffer]
  socket.terminate()
  return message.toString('latin1')
}

type Inspected = {
  Id: string
  Config: { Labels: Record<string, string> }
  Mounts: object[]
  NetworkSettings: { Ports: Record<string, object[]> }
}
const service = ({ Config }: Inspected) => Config.Labels['com.docker.compose.service']

/** All containers of the project, one-off ones too. */
async function inspect(): Promise<Inspected[]> {
  const label = `label=com.docker.compose.project=${project.name}`
  const { stdout } = await run('docker', ['ps', '--all', '--quiet', '--filter', label])
  const ids = stdout.split('\n').filter((id) => id !== '')
  if (ids.length === 0) return []
  return JSON.parse((await run('docker', ['inspect', ...ids])).stdout) as Inspected[]
}

/** Where `host.docker.internal` leads from a container; this machine's loopback is not reached from there. */
async function bridgeAddress(): Promise<string> {
  const host = ['--add-host', 'host.docker.internal:host-gateway']
  const ask = ['debian:trixie-slim', 'getent', 'hosts', 'host.docker.internal']
  return (await run('docker', ['run', '--rm', ...host, ...ask])).stdout.split(' ')[0]!
}
