import { readFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import type { Context } from '../context.ts'
import { execute, mustExecute } from './execute.ts'

export const isRoot = (): boolean => userInfo().uid === 0

/** `debian` or `ubuntu` (or what is made of them); null on any other system. See os-release(5). */
export async function debianFamily(): Promise<'debian' | 'ubuntu' | null> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '')
  const lines = text.matchAll(/^ID(?:_LIKE)?="?([^"\n]*)"?$/gm)
  const words = new Set(Array.from(lines, ([, value = '']) => value.split(' ')).flat())
  return words.has('ubuntu') ? 'ubuntu' : words.has('debian') ? 'debian' : null
}

/** True where packages can be installed without asking anybody. */
export const canInstall = async (): Promise<boolean> => isRoot() && (await debianFamily()) !== null

/**
 * Installs packages of the distribution, and of `others` those that it has; those that are installed already are no
 * error.
 */
export async function install(
  packages: readonly string[],
  { report, signal }: Pick<Context, 'report' | 'signal'>,
  others: readonly string[] = [],
): Promise<void> {
  const names = [...packages, ...others].join(', ')
  report.say(`Installing ${names} with apt-get …`)
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const options = { environment, signal, onLine: (line: string) => report.update(line) }
  const problem = `${names} could not be installed`
  // An installation that was interrupted earlier has to be completed first.
  await mustExecute('dpkg', ['--configure', '-a'], problem, options)
  await execute('apt-get', [...patient, 'update'], options)
  const wanted = [...packages, ...(await available(others, signal))]
  await mustExecute('apt-get', [...patient, 'install', '-y', ...wanted], problem, options)
}

async function available(packages: readonly string[], signal: AbortSignal): Promise<string[]> {
  const found = await Promise.all(
    packages.map(async (name) => (await execute('apt-cache', ['show', name], { signal })).code === 0),
  )
  return packages.filter((_, i) => found[i])
}

/** Another apt-get (automatic upgrades) is waited for. */
const patient = ['-o', 'DPkg::Lock::Timeout=120', '-q']
