import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { AgentEvent } from '@vitrine/contract/event.ts'
import { JobLimits } from '@vitrine/contract/job.ts'
import { linkDir, type Assignment } from '@vitrine/contract/link.ts'
import type { Link } from '@vitrine/server/links/link.ts'
import { Links } from '@vitrine/server/links/links.ts'

export const image = process.env['VITRINE_IMAGE'] ?? 'vitrine-sandbox'
const run = promisify(execFile)

/** `docker …` → what it printed. */
export async function docker(...args: string[]): Promise<string> {
  const { stdout, stderr } = await run('docker', args, { maxBuffer: 64 * 1024 * 1024 })
  return stdout + stderr
}

export type TestSandbox = AsyncDisposable & {
  container: string
  /** The agent's link; waits for it. */
  link(): Promise<Link>
  assign(job: Partial<Assignment> & { task: string }): Promise<void>
  /** All events up to the first that is asked for. */
  until(type: AgentEvent['type']): Promise<AgentEvent[]>
  exec(...command: string[]): Promise<string>
  logs(): Promise<string>
  /** The exit code, once the container has ended. */
  exited(): Promise<number>
  signal: AbortSignal
}

/** One real sandbox, started as the product starts it, on a real link; its model calls go to `modelUrl`. */
export async function startSandbox(modelUrl: string): Promise<TestSandbox> {
  const folder = await mkdtemp(join(tmpdir(), 'vitrine-test-'))
  const id = 'sandbox'
  const stop = new AbortController()
  let up = Promise.withResolvers<Link>()
  const links = new Links({
    folder,
    serve: async (_, from, to) => {
      const { method, headers } = from
      const call = request(
        new URL(from.url ?? '/', modelUrl),
        { method: method ?? 'GET', headers },
        (answer) => {
          to.writeHead(answer.statusCode ?? 502, answer.headers)
          answer.on('error', () => to.destroy()).pipe(to)
        },
      )
      call.on('error', () => to.destroy())
      to.on('close', () => call.destroy())
      from.pipe(call)
    },
    tunnel: async (_, __, socket) => void socket.destroy(),
    onLink: (link) => {
      up.resolve(link)
      void link.closed.then(() => (up = Promise.withResolvers()))
    },
  })
  await links.listen(id)
  const container = `vitrine-test-${randomUUID().slice(0, 8)}`
  await docker(
    'run',
    '-d',
    '--name',
    container,
    ...hardening,
    '-v',
    `${links.folderOf(id)}:${linkDir}:ro`,
    image,
  )
  const link = () => up.promise

  return {
    container,
    link,
    signal: stop.signal,
    async assign(job) {
      const assigned = await (await link()).assign({ ...assignment, ...job }, stop.signal)
      if (!assigned) throw new Error('The sandbox refused the assignment.')
    },
    async until(type) {
      const events: AgentEvent[] = []
      for await (const batch of (await link()).events(0, stop.signal)) {
        events.push(...batch.map(({ event }) => event))
        if (events.some((event) => event.type === type)) return events
      }
      throw new Error(`The link ended before ${type} came.`)
    },
    exec: (...command) => docker('exec', container, ...command),
    logs: () => docker('logs', container),
    exited: async () => Number(await docker('wait', container)),
    async [Symbol.asyncDispose]() {
      stop.abort()
      await docker('rm', '-f', container)
      await links[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** As the Docker runtime starts sandboxes. */
export const hardening = [
  ['--network', 'none', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--read-only'],
  ['--user', '10001', '--memory', '1g', '--cpus', '2', '--pids-limit', '512'],
  ['--tmpfs', '/tmp:mode=1777,size=64m', '--tmpfs', '/run:uid=10001', '--tmpfs', '/home/agent:uid=10001'],
  ['--tmpfs', '/output:uid=10001,size=64m'],
].flat()

export const assignment: Omit<Assignment, 'task'> = {
  job: 'job-0123456789ab',
  run: 1,
  mode: 'work',
  followUp: null,
  model: 'qwen3:0.6b',
  language: 'python',
  check: null,
  limits: JobLimits.parse({}),
  egress: [],
  program: null,
  repeat: null,
  image: null,
}
