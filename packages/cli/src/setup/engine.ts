import type { Context, SetUpContext } from '../context.ts'
import { CliError } from '../exit.ts'
import { canInstall, debianFamily, install, isRoot } from './debian.ts'
import { answers, askEngine, type Engine, type Silence } from './docker.ts'
import { daemonExists, startDaemon } from './docker-daemon.ts'
import { execute } from './execute.ts'

const standard = 'unix:///var/run/docker.sock'

/** Looks for an engine: DOCKER_HOST alone where it is set, else the usual socket, else the docker command's context. */
export async function findEngine({
  environment,
  signal,
}: Pick<Context, 'environment' | 'signal'>): Promise<Engine | Silence> {
  const given = environment['DOCKER_HOST']
  if (given) return askEngine(given, signal)
  const usual = await askEngine(standard, signal)
  if (answers(usual)) return usual
  const context = await execute('docker', ['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}'], {
    signal,
  })
  const host = context.output.trim()
  if (context.code !== 0 || host === '' || host === standard) return usual
  const other = await askEngine(host, signal)
  return answers(other) ? other : usual
}

/** Finds an engine; on Debian and Ubuntu, as root, installs and starts one. Elsewhere throws with what to do. */
export async function ensureEngine(context: SetUpContext): Promise<Engine> {
  const { report, signal, stateDir, environment } = context
  const found = await findEngine(context)
  if (answers(found)) {
    await ensureClient(context)
    return found
  }
  const mayStart = found.why === 'absent' && !environment['DOCKER_HOST'] && isRoot()
  if (!mayStart || !((await daemonExists()) || (await canInstall()))) throw await advice(found, environment)
  if (!(await daemonExists())) {
    report.say('No Docker Engine answers; it will be installed from the distribution and started.')
    await install(['docker.io', 'iptables'], context, ['docker-cli'])
  } else {
    report.say('The Docker Engine is installed but does not run; it will be started.')
  }
  return startDaemon(standard, stateDir, signal)
}

/** Images are built with the docker command; distributions ship it apart from the engine. */
async function ensureClient(context: SetUpContext): Promise<void> {
  const { signal } = context
  if (await clientExists(signal)) return
  if (!(await canInstall())) {
    throw new CliError(
      'trouble',
      'the docker command is missing; install it (Debian, Ubuntu: apt-get install docker-cli)',
    )
  }
  await install([], context, ['docker-cli'])
  if (!(await clientExists(signal))) await install(['docker.io'], context)
}

const clientExists = async (signal: AbortSignal) =>
  (await execute('docker', ['--version'], { signal })).code === 0

/** What a person has to do so that an engine answers. */
export async function advice(
  { host, why, message }: Silence,
  environment: Context['environment'],
): Promise<CliError> {
  const what = `no Docker Engine answers at ${host} (${message}).`
  return new CliError('trouble', `${what} ${await whatToDo(why, environment)}`)
}

async function whatToDo(why: Silence['why'], environment: Context['environment']): Promise<string> {
  if (why === 'unsupported') return 'Set DOCKER_HOST to the unix:// or tcp:// address of one.'
  if (why === 'denied') {
    return 'This user may not use it: run sudo usermod -aG docker "$USER" and sign in again, or use sudo ./vitrine up.'
  }
  if (environment['DOCKER_HOST']) return 'Start it, or unset DOCKER_HOST to use the one of this machine.'
  if (why === 'silent')
    return 'It took the connection and said nothing for 5 s: restart it (sudo systemctl restart docker).'
  if (await daemonExists()) return 'Start it with sudo systemctl start docker, or use sudo ./vitrine up.'
  if (await debianFamily()) return 'sudo ./vitrine up installs it; or sudo apt-get install docker.io.'
  return 'Install Docker Engine as https://docs.docker.com/engine/install/ says, and start it.'
}
