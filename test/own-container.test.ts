import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { image } from './testbed/sandbox.ts'

const run = promisify(execFile)
const repository = join(import.meta.dirname, '..')

/** What a server finds out about its own container, started with these arguments of `docker run`. */
async function found(...args: string[]): Promise<unknown> {
  const script = `
    import { hostname } from 'node:os'
    import { findOwnContainer } from '/repository/packages/server/src/runtimes/docker/self.ts'
    const own = await findOwnContainer('unix:///var/run/docker.sock', AbortSignal.timeout(10_000))
    console.log(JSON.stringify(own && { ...own, hostname: hostname(), links: own.hostFolder('/state/links') }))`
  const mounts = ['-v', `${repository}:/repository:ro`, '-v', '/var/run/docker.sock:/var/run/docker.sock']
  const node = ['--user', '0', '--entrypoint', 'node', image, '--input-type=module', '-e', script]
  const { stdout } = await run('docker', ['run', '--rm', '--network', 'none', ...mounts, ...args, ...node])
  return JSON.parse(stdout)
}

test('a server in a container finds itself, its Compose project and the host’s folder of a volume', async () => {
  const volume = `vitrine-test-${crypto.randomUUID()}`
  const { stdout } = await run('docker', ['volume', 'create', volume])
  try {
    const mountpoint = await run('docker', ['volume', 'inspect', '-f', '{{.Mountpoint}}', stdout.trim()])
    const labels = ['project=a-project', 'service=app'].flatMap((one) => ['-l', `com.docker.compose.${one}`])
    expect(await found('-v', `${volume}:/state`, ...labels)).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f]{64}$/),
      compose: { project: 'a-project', service: 'app' },
      publishedAt: [],
      links: `${mountpoint.stdout.trim()}/links`,
    })
  } finally {
    await run('docker', ['volume', 'rm', '-f', volume])
  }
})

test('a server in a container finds itself under another host name and a folder of the host', async () => {
  expect(await found('-v', '/tmp:/state', '--hostname', 'renamed')).toMatchObject({
    hostname: 'renamed',
    compose: null,
    links: '/tmp/links',
  })
})
