import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { sharedServer } from './testbed/shared-server.ts'
import { program } from './testbed/stories.ts'

const root = join(import.meta.dirname, '..')
const run = promisify(execFile)
const { server } = await sharedServer({}, program('print("2 3 5 7 11 13 17 19 23 29")'))
const env = () => ({
  ...process.env,
  VITRINE_URL: server.url.replace(/\/$/, ''),
  VITRINE_TOKEN: server.token,
})

test('examples/primes.ts runs a job with a check and keeps its files', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vitrine-example-'))
  const { stdout } = await run(process.execPath, [join(root, 'examples/primes.ts'), folder], { env: env() })
  expect(stdout).toContain('stdout: true')
  expect(stdout).toContain('succeeded')
  expect(await readdir(folder)).toEqual([expect.stringMatching(/^job-.*\.zip$/)])
  await rm(folder, { recursive: true })
})

test('examples/follow-up.ts runs a job, and changes its program', async () => {
  const { stdout } = await run(process.execPath, [join(root, 'examples/follow-up.ts')], { env: env() })
  expect(stdout).toMatch(/run 1: succeeded; the desktop: http.*\nrun 2: succeeded, ran\n/)
})

test('examples/submit.sh submits a task with curl and waits for its end', async () => {
  const { stdout } = await run('sh', [join(root, 'examples/submit.sh'), 'Print "primes".'], { env: env() })
  expect(stdout).toContain('verdict: ran')
  expect(stdout).toContain('"state":"succeeded"')
})

test('every command that the README names is one that the command line has', async () => {
  const readme = await readFile(join(root, 'README.md'), 'utf8')
  const named = new Set([...readme.matchAll(/\.\/vitrine ([a-z]+)/g)].map(([, name]) => name!))
  expect(named.size).toBeGreaterThan(5)
  for (const name of named) {
    const { stdout } = await run(join(root, 'vitrine'), ['help', name])
    expect(stdout, name).toMatch(new RegExp(`vitrine ${name}`))
  }
})
