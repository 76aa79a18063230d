// What stands in for Node's own methods calls them with their own `this`.
/* oxlint-disable typescript/unbound-method */
import { AsyncLocalStorage } from 'node:async_hooks'
import fs from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Vitrine } from '@vitrine/sdk/vitrine.ts'
import { readConfig } from '@vitrine/server/config.ts'
import type { FakeScript } from '@vitrine/server/runtimes/fake-agent.ts'
import { fakeRuntime, type FakeRuntime } from '@vitrine/server/runtimes/fake.ts'
import type { Runtime } from '@vitrine/server/runtimes/runtime.ts'
import { serve } from '@vitrine/server/serve.ts'
import { silentLog } from '@vitrine/server/testing/silent-log.ts'
import { webPages } from '@vitrine/server/testing/web-pages.ts'
import type { Container } from './containers.ts'
import { freePort } from './free-port.ts'

export type MortalServer = AsyncDisposable & {
  stateDir: string
  vitrine: Vitrine
  runtime: FakeRuntime
  /** Lets the server live until it is about to take its `steps`-th step or `ms` are over, and kills it there. */
  live(steps: number, ms: number): Promise<void>
  /** Lets it live until it is disposed of. */
  liveOn(): Promise<void>
  containers(): Promise<Container[]>
}

/**
 * The whole server on a fake runtime, in this process, to be killed thousands of times. A step is what the world outside
 * can see: a statement of the store, a commit that has come back, a call to the file system or to the runtime. A server that was
 * killed takes no step any more: its databases are closed in the midst of their transactions, its sockets are cut, and all
 * that it tries throws. What it has in memory is lost to the next one.
 */
export async function startMortalServer(
  environment: Record<string, string>,
  script: FakeScript,
): Promise<MortalServer> {
  await using stack = new AsyncDisposableStack()
  stack.use(watchSteps())
  const stateDir = await fs.mkdtemp(join(tmpdir(), 'vitrine-test-'))
  stack.defer(() => fs.rm(stateDir, { recursive: true, force: true }))
  const runtime = stack.use(fakeRuntime({ script }))
  const port = await freePort()
  const config = readConfig({
    VITRINE_STATE_DIR: stateDir,
    VITRINE_PORT: String(port),
    VITRINE_DESKTOP_PORTS: 'off',
    VITRINE_WEB_DIR: await webPages(stateDir),
    ...environment,
  })
  const begin = (steps: number) => {
    const life = new Life(steps)
    const serving = lives.run(life, () =>
      serve(config, { runtimeFor: async () => mortal(runtime, life), log: silentLog }),
    )
    // What goes on in a dead server comes to its end; nobody sees anything of it.
    void life.over
      .then(async () => lives.run(life, async () => (await serving)[Symbol.asyncDispose]()))
      .catch(() => {})
    return { life, serving }
  }
  const live = async (steps: number, ms: number) => {
    const { life, serving } = begin(steps)
    serving.catch((error: unknown) => life.isOver || life.fail(error))
    const late = setTimeout(() => life.end(), ms)
    await life.over
    clearTimeout(late)
  }
  await live(Infinity, 0)
  const { serving } = begin(Infinity)
  await (await serving)[Symbol.asyncDispose]()
  const token = (await fs.readFile(join(stateDir, 'token'), 'utf8')).trim()
  const whole = stack.move()
  return {
    stateDir,
    vitrine: new Vitrine({ url: `http://localhost:${port}/`, token }),
    runtime,
    live,
    liveOn: async () => void whole.use(await begin(Infinity).serving),
    containers: async () =>
      (await runtime.list(AbortSignal.timeout(10_000))).map(({ id, state }) => ({
        id,
        sandbox: id,
        state,
        assignment: runtime.agent(id).state.assignment,
      })),
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  }
}

const lives = new AsyncLocalStorage<Life | undefined>()

class Life {
  readonly servers = new Set<Server>()
  readonly sockets = new Set<Socket>()
  readonly databases = new Set<DatabaseSync>()
  isOver = false
  #left: number
  readonly #over = Promise.withResolvers<void>()

  constructor(steps: number) {
    this.#left = steps
  }

  /** Resolves when it was killed; rejects where it ended by itself. */
  get over(): Promise<void> {
    return this.#over.promise
  }

  step(): void {
    if (!this.isOver && --this.#left < 0) this.end()
    if (this.isOver) throw new Error('This server was killed.')
  }

  end(): void {
    if (this.isOver) return
    this.isOver = true
    for (const server of this.servers) server.close()
    for (const socket of this.sockets) socket.destroy()
    for (const database of this.databases) if (database.isOpen) database.close()
    this.#over.resolve()
  }

  fail(error: unknown): void {
    this.end()
    this.#over.reject(error)
  }
}

/** The runtime as a server sees it that may be killed before it is called, and before it hears of the outcome. */
function mortal(runtime: Runtime, life: Life): Runtime {
  const mortally =
    <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      life.step()
      // What it starts is not part of its life.
      const result = await lives.run(undefined, () => call(...args))
      life.step()
      return result
    }
  return {
    ...runtime,
    create: mortally((spec) => runtime.create(spec, AbortSignal.timeout(10_000))),
    remove: mortally((id) => runtime.remove(id, AbortSignal.timeout(10_000))),
    list: mortally((signal) => runtime.list(signal)),
    health: mortally((signal) => runtime.health(signal)),
    watch: (wake, signal) => runtime.watch(() => life.isOver || wake(), signal),
  }
}

let watchers = 0

/** Counts the steps of all lives, by standing between them and Node's own modules. */
function watchSteps(): Disposable {
  if (watchers++ > 0) return { [Symbol.dispose]: () => void watchers-- }
  const { prepare, exec } = DatabaseSync.prototype
  DatabaseSync.prototype.exec = function (sql) {
    const life = lives.getStore()
    life?.step()
    life?.databases.add(this)
    exec.call(this, sql)
  }
  DatabaseSync.prototype.prepare = function (sql) {
    const statement = prepare.call(this, sql)
    for (const name of ['run', 'all', 'iterate'] as const) {
      const execute = statement[name] as (...values: unknown[]) => unknown
      const mortally = (...values: unknown[]) => {
        const life = lives.getStore()
        life?.step()
        const result = execute.apply(statement, values)
        if (/^commit/i.test(sql)) life?.step()
        return result
      }
      Object.assign(statement, { [name]: mortally })
    }
    return statement
  }
  const { listen } = Server.prototype
  Server.prototype.listen = function (this: Server, ...args: unknown[]) {
    const life = lives.getStore()
    life?.step()
    life?.servers.add(this)
    if (life) this.on('connection', (socket) => life.sockets.add(socket))
    return (listen as (...args: unknown[]) => Server).apply(this, args)
  } as typeof listen
  const originals = { ...fs }
  const all = fs as unknown as Record<string, unknown>
  for (const [name, call] of Object.entries(originals)) {
    if (typeof call !== 'function') continue
    all[name] = async (...args: unknown[]) => {
      lives.getStore()?.step()
      return (call as (...args: unknown[]) => unknown)(...args)
    }
  }
  syncBuiltinESMExports()
  return {
    [Symbol.dispose]: () => {
      if (--watchers > 0) return
      Object.assign(DatabaseSync.prototype, { prepare, exec })
      Server.prototype.listen = listen
      Object.assign(fs, originals)
      syncBuiltinESMExports()
    },
  }
}
