import { execFile, spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { dockerAt, removeListed, type Docker } from './containers.ts'

const run = promisify(execFile)
const answerMilliseconds = 60_000
/** What the engine keeps of its containers: a server's dozen takes a fraction of it. */
const roomMiB = 16

export type TestEngine = AsyncDisposable & {
  dockerHost: string
  docker: Docker
  /** Starts the daemon unless it runs, and returns when it answers. With `liveRestore` sandboxes outlive it. */
  start(liveRestore: boolean): Promise<void>
  /** SIGTERM; returns once the daemon is gone. */
  stop(): Promise<void>
  /** SIGKILL. */
  kill(): Promise<void>
  /** SIGSTOP, until `thaw`. */
  freeze(): void
  thaw(): void
  /** Takes all room on the file system where the engine keeps its containers, until `makeRoom`. */
  fillDisk(): Promise<void>
  makeRoom(): Promise<void>
}

/**
 * A Docker daemon of the test's own beside the machine's: other data, other socket, other containerd, no networks. It has
 * `image`, and gVisor as the OCI runtime `runsc`. Needs root. What takes long to make (the image's layers, `runsc`)
 * stays in `$VITRINE_CACHE_DIR`, else `~/.cache/vitrine`.
 */
export async function startEngine(image: string): Promise<TestEngine> {
  await using stack = new AsyncDisposableStack()
  const cache = process.env['VITRINE_CACHE_DIR'] ?? join(homedir(), '.cache', 'vitrine')
  // Layers belong to an image: two runs that test different images must not share a daemon's data.
  const home = join(cache, 'engine', image.replaceAll(/[^\w.-]/g, '_'))
  const data = join(home, 'data')
  const folder = await mkdtemp(join(tmpdir(), 'vitrine-engine-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const dockerHost = `unix://${join(folder, 'docker.sock')}`
  const docker = dockerAt(dockerHost)
  const runsc = await findGvisor(cache)

  const containers = join(data, 'containers')
  await mkdir(containers, { recursive: true })
  // The daemon would bind the folder to itself, and hide what is mounted below it.
  await run('mount', ['--bind', data, data])
  stack.defer(async () => void (await run('umount', ['--lazy', data])))
  await run('mount', ['-t', 'tmpfs', '-o', `size=${roomMiB}m`, 'vitrine-test', containers])
  stack.defer(async () => void (await run('umount', ['--lazy', containers])))

  let daemon: ChildProcess | undefined
  const logFile = join(folder, 'dockerd.log')
  const log = await open(logFile, 'a')
  stack.defer(() => log.close())
  const stdio: StdioOptions = ['ignore', log.fd, log.fd]
  // Beside the daemon, as distributions run it: it outlives the daemon's death.
  const containerdConfig = join(folder, 'containerd.toml')
  const containerdSocket = join(folder, 'containerd.sock')
  await writeFile(containerdConfig, 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n')
  const containerdFolders = ['root', 'state'].map((name) => `--${name}=${join(folder, 'containerd', name)}`)
  const containerd = spawn(
    'setpriv',
    [
      ...dyingWithUs,
      'containerd',
      `--config=${containerdConfig}`,
      `--address=${containerdSocket}`,
      ...containerdFolders,
    ],
    { stdio },
  )
  stack.defer(() => ended(containerd, 'SIGTERM'))
  const start = async (liveRestore: boolean) => {
    if (isRunning(daemon)) return
    const config = join(folder, 'daemon.json')
    const runtimeArgs = ['--host-uds=all', '--ignore-cgroups=true', '--network=none']
    const settings = { 'live-restore': liveRestore, runtimes: { runsc: { path: runsc, runtimeArgs } } }
    await writeFile(config, JSON.stringify(settings))
    daemon = spawn(
      'setpriv',
      [
        ...dyingWithUs,
        'unshare',
        // A daemon without a bridge removes `docker0`, which is the machine's own daemon's: it gets a network of its own.
        '--net',
        'dockerd',
        `--config-file=${config}`,
        `--host=${dockerHost}`,
        `--data-root=${data}`,
        `--exec-root=${join(folder, 'exec')}`,
        // Beside the data: a second daemon on the same data refuses to start.
        `--pidfile=${join(home, 'dockerd.pid')}`,
        `--containerd=${containerdSocket}`,
        '--bridge=none',
        '--iptables=false',
        '--ip-forward=false',
      ],
      { stdio },
    )
    await answers(docker, daemon, logFile)
  }

  stack.defer(async () => {
    daemon?.kill('SIGCONT')
    await start(false)
    await removeListed([], docker)
    await ended(daemon, 'SIGTERM')
  })
  await start(false)
  await ensureImage(image, docker, dockerHost)

  const filler = join(containers, 'filler')
  const whole = stack.move()
  return {
    dockerHost,
    docker,
    start,
    stop: () => ended(daemon, 'SIGTERM'),
    kill: () => ended(daemon, 'SIGKILL'),
    freeze: () => void daemon?.kill('SIGSTOP'),
    thaw: () => void daemon?.kill('SIGCONT'),
    fillDisk: async () => {
      await run('dd', ['if=/dev/zero', `of=${filler}`, 'bs=4096', `count=${roomMiB * 256}`]).catch(() => {})
    },
    makeRoom: () => rm(filler),
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  }
}

/** A run of the tests that is killed leaves no daemon behind, which would keep the next run from its data. */
const dyingWithUs = ['--pdeathsig', 'KILL']

function isRunning(daemon: ChildProcess | undefined): daemon is ChildProcess {
  return daemon !== undefined && daemon.exitCode === null && daemon.signalCode === null
}

async function ended(process: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (!isRunning(process)) return
  const exited = once(process, 'exit')
  process.kill(signal)
  await exited
}

async function answers(docker: Docker, daemon: ChildProcess, log: string): Promise<void> {
  const giveUp = performance.now() + answerMilliseconds
  for (;;) {
    const version = await docker('version', '--format', '{{.Server.Version}}').catch(() => null)
    if (version !== null) return
    if (daemon.exitCode !== null || performance.now() > giveUp) {
      const lines = (await readFile(log, 'utf8')).trim().split('\n')
      throw new Error(`the test's Docker daemon does not answer:\n${lines.slice(-20).join('\n')}`)
    }
    await sleep(100)
  }
}

/** Copies the image from the machine's engine, layer by layer, where it is another one than this one has. */
async function ensureImage(image: string, docker: Docker, dockerHost: string): Promise<void> {
  const idOf = (docker: Docker) => docker('image', 'inspect', '--format', '{{.Id}}', image)
  const [wanted, found] = await Promise.all([idOf(dockerAt(undefined)), idOf(docker).catch(() => null)])
  if (wanted === found) return
  await run('sh', ['-c', 'docker save "$1" | docker --host "$2" load', 'sh', image, dockerHost])
  await docker('image', 'prune', '--force')
}

/** Debian's `runsc`, from trixie: Debian 12 has none. */
async function findGvisor(cache: string): Promise<string> {
  const folder = join(cache, 'runsc')
  const program = join(folder, 'usr/bin/runsc')
  if ((await run(program, ['--version']).catch(() => null)) !== null) return program
  await mkdir(folder, { recursive: true })
  const fetch = 'apt-get update -qq && cd /tmp && apt-get download -qq runsc && dpkg -x runsc_*.deb /out'
  const docker = dockerAt(undefined)
  await docker('run', '--rm', '-v', `${folder}:/out`, 'debian:trixie-slim', 'sh', '-ec', fetch)
  return program
}
