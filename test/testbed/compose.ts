import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, existsSync } from 'node:fs'
import { chmod, cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)
const repository = join(import.meta.dirname, '../..')

export type ComposeProject = AsyncDisposable & {
  name: string
  /** The copy of the repository that it runs from. */
  folder: string
  /** `docker compose --env-file … <args>` → standard output. Throws with standard error where it fails. */
  compose(...args: string[]): Promise<string>
}

/**
 * The repository as a fresh clone has it, with dist/ made beforehand, and a Compose project of its own on it, which is not
 * up yet. `settings` is its .env. In the end whatever the project still has is removed; its images stay, as a cache.
 */
export async function composeProject(settings: Record<string, string>): Promise<ComposeProject> {
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'vitrine-compose-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  await run(process.execPath, ['deploy/dist.ts'], { cwd: repository })
  await copyRepository(folder)
  const name = `vitrine-test-${crypto.randomUUID().slice(0, 8)}`
  const file = join(folder, '.env')
  const lines = Object.entries({ COMPOSE_PROJECT_NAME: name, ...settings })
  await writeFile(file, lines.map(([key, value]) => `${key}=${value}\n`).join(''))

  const env = { ...testersOwn(), ...(await withCompose()) }
  const compose = async (...args: string[]) => {
    const words = ['compose', '--env-file', file, ...args]
    return (await run('docker', words, { cwd: folder, env, maxBuffer: 64 * 1024 * 1024 })).stdout
  }
  stack.defer(async () => void (await compose('down', '--volumes', '--remove-orphans')))
  const whole = stack.move()
  return { name, folder, compose, [Symbol.asyncDispose]: () => whole.disposeAsync() }
}

/** What git would commit, and dist/. */
async function copyRepository(folder: string): Promise<void> {
  const listed = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const { stdout } = await run('git', listed, { cwd: repository })
  const files = stdout.split('\0').filter((file) => file !== '' && existsSync(join(repository, file)))
  for (const file of [...files, 'dist']) {
    await cp(join(repository, file), join(folder, file), { recursive: true, mode: 0 })
  }
}

/** Nothing of the tester's own Vitrine, model server or Compose project: a variable would win over the .env. */
function testersOwn(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(VITRINE|OLLAMA|COMPOSE)_/.test(name)),
  )
}

/**
 * What the environment needs so that `docker compose` works: nothing where it does already, else a Docker configuration
 * with Debian's Compose. It builds by the same builder as a plain `docker build`, and so from the same cache.
 */
async function withCompose(): Promise<NodeJS.ProcessEnv> {
  const DOCKER_BUILDKIT = (await works('buildx')) ? '1' : '0'
  if (await works('compose')) return { DOCKER_BUILDKIT }
  const cache = process.env['VITRINE_CACHE_DIR'] ?? join(homedir(), '.cache', 'vitrine')
  const plugin = join(cache, 'docker/cli-plugins/docker-compose')
  if (!existsSync(plugin)) await download(plugin)
  return { DOCKER_BUILDKIT, DOCKER_CONFIG: join(cache, 'docker') }
}

const works = (plugin: string) =>
  run('docker', [plugin, 'version']).then(
    () => true,
    () => false,
  )

/** Debian 12 has no Compose that is a plugin; trixie's is one binary, which runs here as well. */
async function download(plugin: string): Promise<void> {
  await mkdir(dirname(plugin), { recursive: true })
  const path = './usr/libexec/docker/cli-plugins/docker-compose'
  const script = `cd /tmp && apt-get update -qq >&2 && apt-get download -q docker-compose >&2 && dpkg --fsys-tarfile *.deb | tar -xO ${path}`
  const part = `${plugin}.part-${process.pid}`
  const child = spawn('docker', ['run', '--rm', 'debian:trixie-slim', 'sh', '-ec', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [[code]] = await Promise.all([once(child, 'close'), pipeline(child.stdout, createWriteStream(part))])
  if (code !== 0) throw new Error(`Docker Compose could not be taken from Debian (exit code ${code}).`)
  await chmod(part, 0o755)
  await rename(part, plugin)
}
