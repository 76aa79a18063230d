import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SetUpContext } from '../context.ts'
import { ensureBaseImage } from './base-image.ts'
import { stepOf } from './build-step.ts'
import { checkout } from './checkout.ts'
import { needRoom } from './disk.ts'
import type { Engine } from './docker.ts'
import { execute, mustExecute } from './execute.ts'
import { hashOf } from './hash.ts'

const label = 'vitrine.inputs'
const inputs = [
  'deploy',
  'packages/agent',
  'packages/contract',
  'packages/sdk',
  'packages/web',
  'package-lock.json',
]

/** Builds the sandbox image, and the web pages that the server shows, where what they are made of has changed. */
export async function ensureImage(engine: Engine, name: string, context: SetUpContext): Promise<void> {
  const { report, signal } = context
  const root = checkout()
  const wanted = await wantedInputs(root)
  const docker = { ...process.env, DOCKER_HOST: engine.host }
  await ensureDist(root, wanted, context)
  if ((await builtFrom(docker, name, signal)) === wanted) return

  report.say(`Building the sandbox image ${name} (a few minutes the first time, then seconds) …`)
  await needRoomForImage(docker, signal)
  await ensureBaseImage(docker, context)
  const target = ['--target', 'sandbox', '-t', name, '--label', `${label}=${wanted}`]
  const args = ['build', ...target, '-f', join(root, 'deploy/Dockerfile'), root]
  const onLine = (line: string) => {
    const step = stepOf(line)
    if (step !== undefined) report.update(step)
  }
  await mustExecute('docker', args, 'the sandbox image could not be built', {
    environment: docker,
    signal,
    onLine,
  })
  report.say(`The image ${name} is built.`)
}

/** Whether the sandbox image is there, and made of what is here now. */
export async function imageState(
  engine: Engine,
  name: string,
  signal: AbortSignal,
): Promise<'current' | 'out of date' | 'missing'> {
  const wanted = await wantedInputs(checkout())
  const built = await builtFrom({ ...process.env, DOCKER_HOST: engine.host }, name, signal)
  return built === wanted ? 'current' : built === '' ? 'missing' : 'out of date'
}

const wantedInputs = (root: string) => hashOf(root, inputs, `${process.version} ${process.arch}`)

/** The hash that an image was built from; empty where there is no such image. */
async function builtFrom(docker: NodeJS.ProcessEnv, name: string, signal: AbortSignal): Promise<string> {
  const format = `{{index .Config.Labels "${label}"}}`
  const found = await execute('docker', ['image', 'inspect', '--format', format, name], {
    environment: docker,
    signal,
  })
  return found.code === 0 ? found.output.trim() : ''
}

async function ensureDist(root: string, wanted: string, { report, signal }: SetUpContext): Promise<void> {
  if (await distIsFrom(root, wanted)) return
  report.say('Building the agent and the web pages …')
  // In a process of its own: bundlers are large, and what they load is not needed afterwards. What they start finds
  // our Node first.
  const environment = { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH']}` }
  const args = [join(root, 'deploy/dist.ts'), 'agent', 'web', 'node']
  const problem = 'the agent and the web pages could not be built'
  await mustExecute(process.execPath, args, problem, { cwd: root, environment, signal })
  await writeFile(join(root, 'dist/.inputs'), wanted)
}

/** A build by hand since then may have been of other sources: each writes its `.sums` anew. */
async function distIsFrom(root: string, wanted: string): Promise<boolean> {
  const stamp = join(root, 'dist/.inputs')
  if ((await readFile(stamp, 'utf8').catch(() => '')) !== wanted) return false
  const lists = ['agent', 'web', 'node'].map((target) => join(root, `dist/${target}.sums`))
  const written = async (file: string) => (await stat(file).catch(() => undefined))?.mtimeMs ?? Infinity
  const times = await Promise.all(lists.map(written))
  return Math.max(...times) <= (await written(stamp))
}

async function needRoomForImage(docker: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void> {
  const info = await execute('docker', ['info', '--format', '{{.DockerRootDir}}'], {
    environment: docker,
    signal,
  })
  const local = docker['DOCKER_HOST']?.startsWith('unix://') === true
  if (info.code === 0 && local) await needRoom(info.output.trim(), 3000, 'Building the sandbox image')
}
