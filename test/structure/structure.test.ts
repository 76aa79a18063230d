import { globSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, normalize } from 'node:path/posix'
import { jobMoves } from '@vitrine/contract/job.ts'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')

/** What each part may import beside itself; the longest matching line counts. `type` before it: types only. */
const mayImport: Record<string, string[]> = {
  contract: ['zod'],
  agent: ['contract', 'zod', 'ws'],
  'agent/extract': ['type contract', 'agent/languages.ts'],
  'agent/files': ['contract', 'agent/places.ts'],
  'agent/desktop': ['contract', 'agent/places.ts', 'agent/processes.ts'],
  'agent/checks': [
    'type contract',
    'contract/limits.ts',
    'agent/languages.ts',
    'agent/places.ts',
    'agent/processes.ts',
    'agent/desktop',
  ],
  'agent/policy': [
    'contract',
    'zod',
    'agent/extract',
    'agent/checks',
    'agent/files',
    'agent/desktop',
    'agent/languages.ts',
    'agent/model-server.ts',
    'agent/places.ts',
    'agent/version.ts',
  ],
  'agent/link': [
    'contract',
    'ws',
    'zod',
    'agent/files',
    'agent/desktop',
    'agent/places.ts',
    'agent/processes.ts',
    'agent/model-server.ts',
  ],
  engine: ['zod', 'node-llama-cpp', '@huggingface/jinja'],
  // What is read of a recording, and the limits, import nothing: the parts of the contract that run at the client.
  sdk: ['type contract', 'contract/limits.ts', 'contract/recording.ts', 'contract/recorded-screen.ts'],
  cli: ['sdk', 'type contract', 'type engine/install.ts', 'type test/testbed/ollama.ts'],
  web: ['sdk', 'preact', '@novnc/novnc', '@xterm/xterm', '@xterm/addon-fit'],
  'server/main.ts': ['server/serve.ts', 'server/config.ts', 'server/runtimes', 'pino'],
  'server/serve.ts': ['server', 'contract', 'type pino'],
  'server/serve': ['server', 'contract', '@hono/node-server', 'type pino'],
  'server/check-config.ts': ['server/config.ts'],
  'server/config.ts': ['contract', 'server/egress/addresses.ts', 'zod'],
  'server/shown-settings.ts': ['contract', 'type server/config.ts'],
  'server/clock.ts': [],
  'server/http-server.ts': [],
  'server/state-lock.ts': [],
  'server/store': ['contract', 'kysely'],
  'server/events': ['contract', 'server/store'],
  'server/runtimes': ['contract', 'server/clock.ts', 'zod', 'undici'],
  'server/links': ['contract', 'zod', 'server/http-server.ts'],
  'server/gateway': ['contract', 'server/clock.ts', 'engine/start.ts', 'zod', 'undici', 'type pino'],
  'server/egress': ['contract', 'type pino'],
  'server/desktops': ['contract', 'ws'],
  'server/terminals': [
    'contract',
    'ws',
    'server/desktops/close-viewer.ts',
    'server/desktops/open-failure.ts',
    'server/desktops/sockets.ts',
  ],
  'server/recordings': ['contract', 'server/clock.ts', 'server/desktops/rfb.ts'],
  'server/files': ['contract', 'zod', 'client-zip', 'tar-stream'],
  'server/jobs': [
    'contract',
    'server/clock.ts',
    'server/store',
    'server/events',
    'server/links',
    'type server/egress/attempt.ts',
    'type server/runtimes/runtime.ts',
    'type server/files/file-store.ts',
    'type server/desktops/ports.ts',
    'type server/recordings/recordings.ts',
    'type pino',
  ],
  'server/api': [
    'contract',
    'server/clock.ts',
    'server/http-server.ts',
    'server/store',
    'server/events',
    'server/links',
    'server/files',
    'server/recordings',
    'server/desktops',
    'server/jobs',
    'hono',
    'type @hono/node-server',
    'type pino',
    'type zod',
  ],
}

test('every part imports only what its place in the flow allows', async () => {
  const wrong = (await imports())
    .filter(({ from, imported }) => !isAllowed(from, imported))
    .map(({ from, imported }) => `${from} imports ${imported}`)
  expect(wrong).toEqual([])
})

test('folders import each other in one direction', async () => {
  const edges = new Map<string, Set<string>>()
  for (const { from, imported } of await imports()) {
    const [part, target] = [folder(from), folder(imported.replace(/^type /, ''))]
    if (part !== target) edges.getOrInsertComputed(part, () => new Set()).add(target)
  }
  const circles = [...edges.keys()].filter((part) => reached(edges, part).has(part))
  expect(circles).toEqual([])
})

test('the state diagram in ARCHITECTURE.md is the table of moves', async () => {
  const document = await readFile(join(root, 'ARCHITECTURE.md'), 'utf8')
  const diagram = /```mermaid\nstateDiagram-v2\n([\s\S]*?)```/.exec(document)?.[1] ?? ''
  const drawn = diagram.trim().split(/\s*\n\s*/)
  const moves = Object.entries(jobMoves).flatMap(([from, all]) => all.map((to) => `${from} --> ${to}`))
  expect(drawn.toSorted()).toEqual(['[*] --> queued', ...moves].toSorted())
})

/** Everything that a file of the packages imports, but for what only tests use, which may import whatever it tests. */
async function imports(): Promise<{ from: string; imported: string }[]> {
  const forTests = /\.test\.tsx?$|\/(testing|fake)\/|\/(fake[\w-]*|conformance|test-\w+)\.ts$|\.d\.ts$/
  const files = globSync('packages/*/src/**/*.{ts,tsx}', { cwd: root }).filter((file) => !forTests.test(file))
  expect(files.length).toBeGreaterThan(100)
  const all = files.map(async (file) => {
    const source = await readFile(join(root, file), 'utf8')
    return importsOf(file, source).map((imported) => ({ from: place(file), imported }))
  })
  return (await Promise.all(all)).flat()
}

/** The folder of a file, `server/jobs`; a file beside the folders stands for itself. */
const folder = (path: string) => path.split('/').slice(0, 2).join('/')

function reached(edges: ReadonlyMap<string, ReadonlySet<string>>, from: string): Set<string> {
  const found = new Set<string>()
  const look = (part: string) => {
    for (const next of edges.get(part) ?? []) {
      if (found.has(next)) continue
      found.add(next)
      look(next)
    }
  }
  look(from)
  return found
}

/** `packages/server/src/jobs/plan.ts` is `server/jobs/plan.ts`. */
const place = (file: string) => file.replace(/^packages\/(\w+)\/src\//, '$1/')

/** What a file imports, statically or not, by its place or its package's name; `type ` before it where only types are. */
function importsOf(file: string, source: string): string[] {
  const statements = source.matchAll(
    /^(?:import|export)\s+(type\s)?[^'"]*?from\s+'([^']+)'|(typeof\s+)?import\(\s*'([^']+)'|^import\s+'([^']+)'/gm,
  )
  return [...statements]
    .map(([, type, from, typeOf, dynamic, bare]) => {
      const target = resolved(file, (from ?? dynamic ?? bare)!)
      return (type ?? typeOf) ? `type ${target}` : target
    })
    .filter((target) => !/^(type )?(node:|.*\/package\.json$|.*\.css$)/.test(target))
}

function resolved(file: string, specifier: string): string {
  if (specifier.startsWith('.')) return place(normalize(join(file, '..', specifier)))
  return specifier.replace(/^@vitrine\//, '')
}

function isAllowed(from: string, imported: string): boolean {
  const part = Object.keys(mayImport)
    .filter((name) => isWithin(from, name))
    .toSorted((a, b) => b.length - a.length)[0]
  if (part === undefined) return false
  const target = imported.replace(/^type /, '')
  if (isWithin(target, part)) return true
  return mayImport[part]!.some(
    (allowed) =>
      isWithin(target, allowed) || (imported !== target && isWithin(target, allowed.replace(/^type /, ''))),
  )
}

const isWithin = (path: string, part: string) => path === part || path.startsWith(`${part}/`)
