import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { EgressAttempt } from '@vitrine/contract/egress.ts'
import { expect, onTestFinished, test, vi } from 'vitest'
import { docker } from './testbed/sandbox.ts'
import { startScriptedOllama } from './testbed/scripted-ollama.ts'
import { startServerProcess, type ServerProcess } from './testbed/server-process.ts'
import { program } from './testbed/stories.ts'

vi.setConfig({ testTimeout: 300_000 })

/** A host `docs.example` on this machine's loopback; who called it. */
async function startHost(): Promise<{ port: number; calls: string[] }> {
  const calls: string[] = []
  const host = createServer((request, response) => {
    calls.push(`${request.headers.host} ${request.url}`)
    response.end(`this is ${request.url}`)
  }).listen(0, '127.0.0.1')
  await once(host, 'listening')
  onTestFinished(() => void host.close())
  return { port: (host.address() as AddressInfo).port, calls }
}

async function startServer(answer: string, environment: Record<string, string> = {}): Promise<ServerProcess> {
  const ollama = await startScriptedOllama({ answers: [answer] })
  onTestFinished(() => ollama[Symbol.asyncDispose]())
  const names = pathToFileURL(join(import.meta.dirname, 'testbed/names.ts')).href
  const server = await startServerProcess({
    VITRINE_MODEL_SERVERS: ollama.url,
    NODE_OPTIONS: `--import=${names}`,
    TEST_NAMES: JSON.stringify({ 'docs.example': '127.0.0.1', 'inside.example': '10.1.2.3' }),
    ...environment,
  })
  onTestFinished(() => server[Symbol.asyncDispose]())
  return server
}

/** The first so many attempts that have ended: those that are alike stand in one line where they came within a second. */
async function ledgerOf(server: ServerProcess, id: string, count: number): Promise<EgressAttempt[]> {
  const attempts: EgressAttempt[] = []
  for await (const event of server.vitrine.jobs.events(id)) {
    if (event.type !== 'egress.attempt' || event.data.open) continue
    attempts.push(...Array.from({ length: event.data.count }, () => event.data))
    if (attempts.length >= count) break
  }
  return attempts
}

const printedBy = (job: Awaited<ReturnType<ServerProcess['reach']>>) =>
  job.verdict!.checks.find(({ check }) => check === 'runs')!.output

test('programs in a sandbox reach the hosts that the job asked for, and no others; all is in the ledger', async () => {
  const { port, calls } = await startHost()
  const server = await startServer(
    program(`
import subprocess, urllib.error, urllib.request
def run(*command):
    ended = subprocess.run(command, capture_output=True, text=True)
    print(ended.stdout + ended.stderr)
print(urllib.request.urlopen('http://docs.example:${port}/urllib').read().decode())
run('curl', '-sS', 'http://docs.example:${port}/curl')
run('curl', '-sS', '--proxytunnel', 'http://docs.example:${port}/tunnel')
run('node', '-e', "fetch('http://docs.example:${port}/node').then(r => r.text()).then(console.log)")
run('curl', '-sS', 'http://localhost:11434/api/version')
try:
    urllib.request.urlopen('http://evil.example/')
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode())
run('curl', '-sS', 'https://evil.example/')
run('curl', '-sS', 'http://inside.example/')
run('curl', '-sS', '--noproxy', '*', '--max-time', '2', 'http://docs.example:${port}/past-it')
`),
    { VITRINE_EGRESS_PRIVATE: '127.0.0.0/8' },
  )
  const { id } = await server.vitrine.jobs.create({
    task: 'Fetch.',
    egress: [`docs.example:${port}`, 'inside.example'],
    limits: { candidates: 1 },
  })
  const job = await server.reach(id, 'succeeded')
  const printed = printedBy(job)
  for (const path of ['/urllib', '/curl', '/tunnel', '/node']) expect(printed).toContain(`this is ${path}\n`)
  expect(printed).toContain('{"version":')
  expect(printed).toContain(
    '403 Vitrine does not pass on GET http://evil.example/: the job did not ask for this host.',
  )
  expect(printed).toContain('CONNECT tunnel failed, response 403')
  expect(printed).toContain('the name stands for 10.1.2.3, not a public address')
  expect(printed).toContain('Could not resolve host')
  expect(calls.toSorted()).toEqual(
    ['/curl', '/node', '/tunnel', '/urllib'].map((path) => `docs.example:${port} ${path}`),
  )
  const lines = await ledgerOf(server, id, 7)
  expect(
    lines.map(({ method, host, port, allowed }) => `${allowed} ${method} ${host}:${port}`).toSorted(),
  ).toEqual(
    [
      `true GET docs.example:${port}`,
      `true GET docs.example:${port}`,
      `true GET docs.example:${port}`,
      `true CONNECT docs.example:${port}`,
      'false GET evil.example:80',
      'false CONNECT evil.example:443',
      'false GET inside.example:80',
    ].toSorted(),
  )

  const { id: container } = (await server.sandboxOf(id))!
  const fetch = `curl -sS http://docs.example:${port}/terminal`
  // As a terminal that the desktop's menu opens.
  expect(await docker('exec', container, 'bash', '-ic', fetch)).toContain('this is /terminal')
})

test('without hosts there is no proxy, and the model server’s port is none', async () => {
  const server = await startServer(
    program(`
import os, subprocess
print([name for name in os.environ if 'proxy' in name.lower()])
for proxy in ['http://127.0.0.1:3128', 'http://127.0.0.1:11434']:
    command = ['curl', '-sS', '-x', proxy, 'http://docs.example/']
    ended = subprocess.run(command, capture_output=True, text=True)
    print(ended.stdout + ended.stderr)
`),
  )
  const { id } = await server.vitrine.jobs.create({ task: 'Fetch.', limits: { candidates: 1 } })
  const printed = printedBy(await server.reach(id, 'succeeded'))
  expect(printed).toContain('[]\n')
  expect(printed).toMatch(/Failed to connect to 127\.0\.0\.1 port 3128/)
  expect(printed).toContain('the job did not ask for this host')
  expect(await ledgerOf(server, id, 1)).toMatchObject([{ host: 'docs.example', allowed: false }])
})
