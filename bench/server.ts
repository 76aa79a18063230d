import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Vitrine } from '@vitrine/sdk/vitrine.ts'
import { lean } from '../packages/cli/src/setup/server.ts'
import { freePort } from '../test/testbed/free-port.ts'
import { cleanUp } from './clean-up.ts'
import { docker, image } from './docker.ts'

const root = resolve(import.meta.dirname, '..')
const startMilliseconds = 30_000

export type BenchServer = AsyncDisposable & {
  vitrine: Vitrine
  url: string
  token: string
  stateDir: string
  pid: number
  /** Waits until the pool is full, and gives the names of all its containers. */
  sandboxes(): Promise<string[]>
  /** Deletes all jobs and waits until their sandboxes are gone and the pool is full again. */
  clear(): Promise<void>
}

/** A server in a process of its own, as `vitrine up` starts it, on a state directory of its own. */
export async function startServer(
  modelUrl: string,
  poolSize: number,
  environment: Record<string, string> = {},
): Promise<BenchServer> {
  await using stack = new AsyncDisposableStack()
  const stateDir = await mkdtemp(join(tmpdir(), 'vitrine-bench-'))
  stack.defer(cleanUp(() => rm(stateDir, { recursive: true, force: true })))
  const port = await freePort()
  const child = spawn(process.execPath, [...lean.flags, join(root, 'packages/server/src/main.ts')], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...lean.environment,
      ...process.env,
      NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/node'),
      VITRINE_STATE_DIR: stateDir,
      VITRINE_PORT: String(port),
      VITRINE_POOL: String(poolSize),
      VITRINE_MODEL_SERVERS: modelUrl,
      VITRINE_IMAGE: image,
      ...environment,
    },
  })
  stack.defer(cleanUp(() => end(child)))
  const { url, installation } = await answering(child, stateDir)
  const containers = ['ps', '--all', '--filter', `label=vitrine.installation=${installation}`]
  stack.defer(
    cleanUp(async () => {
      await end(child)
      const left = await docker(...containers, '--quiet')
      if (left.length > 0) await docker('rm', '--force', ...left)
    }),
  )
  const token = (await readFile(join(stateDir, 'token'), 'utf8')).trim()
  const vitrine = new Vitrine({ url, token })

  async function settled(): Promise<string[]> {
    for (;;) {
      const names = await docker(...containers, '--format', '{{.Names}}')
      const { sandboxes } = await vitrine.health()
      if (sandboxes.ready === poolSize && names.length === poolSize + sandboxes.busy) return names
      await sleep(50)
    }
  }
  await settled()
  const whole = stack.move()
  return {
    vitrine,
    url,
    token,
    stateDir,
    pid: child.pid!,
    sandboxes: settled,
    async clear() {
      await vitrine.jobs.deleteAll()
      while ((await settled()).length > poolSize) await sleep(50)
    },
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  }
}

async function answering(
  child: ChildProcess,
  stateDir: string,
): Promise<{ url: string; installation: string }> {
  const late = performance.now() + startMilliseconds
  while (performance.now() < late && child.exitCode === null) {
    const text = await readFile(join(stateDir, 'server.json'), 'utf8').catch(() => '')
    if (text !== '') return JSON.parse(text) as { url: string; installation: string }
    await sleep(20)
  }
  throw new Error('The server did not start.')
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill()
  await ended
}
