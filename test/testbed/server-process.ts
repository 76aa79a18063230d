import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Job } from '@vitrine/contract/job.ts'
import { Vitrine } from '@vitrine/sdk/vitrine.ts'
import { containersOf, dockerAt, removeContainers, type Container } from './containers.ts'
import { freePort } from './free-port.ts'

const main = join(import.meta.dirname, '../../packages/server/src/main.ts')
/** The product says that it stops within ten seconds. */
const stopMilliseconds = 15_000

export type ServerProcess = AsyncDisposable & {
  url: string
  token: string
  stateDir: string
  vitrine: Vitrine
  /** Starts it again, after `kill` or `stop`; returns once it listens. */
  start(): Promise<void>
  /** SIGKILL, also while it still starts; returns once it is gone. */
  kill(): Promise<void>
  /** SIGTERM, so many times; its exit code. */
  stop(times?: number): Promise<number | null>
  /** Waits for a state of the job, or for what `until` wants of it. Throws where the server ends by itself. */
  reach(id: string, until: Job['state'] | ((job: Job) => boolean)): Promise<Job>
  /** Its sandboxes, as Docker has them. */
  containers(): Promise<Container[]>
  /** The sandbox that was handed this job's newest run; null where there is none any more. */
  sandboxOf(id: string): Promise<Container | null>
  /** What it has printed at all its starts, but for what goes as it should. */
  warnings(): string
}

/**
 * The real server in a process of its own, on Docker, with a state directory, an installation and ports of its own. In
 * the end it is stopped, and what it left on Docker is removed.
 */
export async function startServerProcess(
  environment: Record<string, string>,
  folder = tmpdir(),
): Promise<ServerProcess> {
  await using stack = new AsyncDisposableStack()
  const stateDir = await mkdtemp(join(folder, 'vitrine-test-'))
  stack.defer(() => rm(stateDir, { recursive: true, force: true }))
  const port = await freePort()
  const url = `http://localhost:${port}/`
  const settings = { VITRINE_STATE_DIR: stateDir, VITRINE_PORT: String(port), VITRINE_DESKTOP_PORTS: 'off' }
  const env = { ...inherited(), ...settings, ...environment }
  const docker = dockerAt(environment['DOCKER_HOST'])
  const printed: string[] = []
  let child: ChildProcess | undefined
  let exited: Promise<unknown[]> = Promise.resolve([])
  let isWanted = false
  const crashed = Promise.withResolvers<never>()
  crashed.promise.catch(() => {})

  const start = async () => {
    const from = printed.length
    const started = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    child = started
    const listening = Promise.withResolvers<void>()
    for (const stream of [started.stdout, started.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        printed.push(line)
        if (line.includes('"msg":"listening"')) listening.resolve()
      })
    }
    exited = once(started, 'close')
    isWanted = true
    const ended = exited.then(([code, signal]) => {
      const error = new Error(
        `the server ended (${String(code ?? signal)}):\n${printed.slice(from).join('\n')}`,
      )
      if (isWanted) crashed.reject(error)
      throw error
    })
    ended.catch(() => {})
    await Promise.race([listening.promise, ended])
  }
  const end = async (signal: 'SIGTERM' | 'SIGKILL', times = 1) => {
    isWanted = false
    for (let n = 0; n < times; n++) {
      child?.kill(signal)
      // Two signals of a kind that come at once are one.
      if (n + 1 < times) await sleep(50)
    }
    const late = setTimeout(() => child?.kill('SIGKILL'), stopMilliseconds)
    const [code] = await exited
    clearTimeout(late)
    return code as number | null
  }

  let installation: string | undefined
  stack.defer(async () => {
    await end('SIGTERM')
    if (installation !== undefined) await removeContainers(installation, docker)
  })
  await start()
  const token = (await readFile(join(stateDir, 'token'), 'utf8')).trim()
  const id = (installation = await installationOf(stateDir))
  const vitrine = new Vitrine({ url, token })
  const containers = () => containersOf(id, docker)
  const whole = stack.move()
  return {
    url,
    token,
    stateDir,
    vitrine,
    start,
    kill: async () => void (await end('SIGKILL')),
    stop: (times) => end('SIGTERM', times),
    reach: (job, until) => Promise.race([reach(vitrine, job, until), crashed.promise]),
    containers,
    sandboxOf: async (job) => {
      const { run } = await vitrine.jobs.get(job)
      const all = await containers()
      return all.find(({ assignment }) => assignment?.job === job && assignment.run === run) ?? null
    },
    warnings: () =>
      printed
        .filter((line) => !line.startsWith('{"level":30'))
        .slice(-40)
        .join('\n'),
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  }
}

async function reach(vitrine: Vitrine, id: string, until: Job['state'] | ((job: Job) => boolean)) {
  const reached = typeof until === 'string' ? (job: Job) => job.state === until : until
  let job = await vitrine.jobs.get(id)
  if (reached(job)) return job
  // Each event is a reason to look again; the job's own state is what counts.
  for await (const _ of vitrine.jobs.events(id)) {
    job = await vitrine.jobs.get(id)
    if (reached(job)) return job
  }
  throw new Error(`job ${id} did not get there: ${JSON.stringify(job, null, 2)}`)
}

/** Nothing of the tester's own Vitrine but the image to test. */
const inherited = () =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(VITRINE_(?!IMAGE$)|OLLAMA_)/.test(name)),
  )

async function installationOf(stateDir: string): Promise<string> {
  const file = await readFile(join(stateDir, 'server.json'), 'utf8')
  return (JSON.parse(file) as { installation: string }).installation
}
