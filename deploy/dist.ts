import { spawnSync } from 'node:child_process'
import { chmod, copyFile, mkdir, rename, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { rolldown } from 'rolldown'

const root = resolve(import.meta.dirname, '..')
const dist = join(root, 'dist')

const targets = {
  agent: () => bundle('agent'),
  server: () => bundle('server'),
  cli: () => bundle('cli'),
  web: buildWeb,
  node: copyNode,
}
export type Target = keyof typeof targets

/** Makes what the images hold, in `dist/`: agent.js, server.js, cli.js, web/ and the Node binary. */
export async function buildDist(wanted: Target[] = Object.keys(targets) as Target[]): Promise<void> {
  await mkdir(dist, { recursive: true })
  for (const target of wanted) await targets[target]()
}

async function bundle(name: 'agent' | 'server' | 'cli'): Promise<void> {
  const build = await rolldown({
    input: join(root, 'packages', name, 'src/main.ts'),
    platform: 'node',
    // ws takes these native helpers only where they are installed.
    external: ['bufferutil', 'utf-8-validate'],
  })
  await build.write({
    file: join(dist, `${name}.js`),
    format: 'esm',
    minify: 'dce-only',
    codeSplitting: false,
  })
  await build.close()
}

async function buildWeb(): Promise<void> {
  run(join(root, 'node_modules/.bin/vite'), ['build', join(root, 'packages/web'), '--logLevel', 'warn'])
}

/** The binary that runs us, without its debug symbols where `strip` can take them off (150 MB → 116 MB). */
async function copyNode(): Promise<void> {
  const source = join(root, 'node_modules/node/bin/node')
  const part = join(dist, `node.part-${process.pid}`)
  const target = join(dist, 'node')
  const made = await stat(target).catch(() => undefined)
  if (made && made.mtimeMs > (await stat(source)).mtimeMs) return
  await copyFile(source, part)
  const stripped = spawnSync('strip', [part])
  if (stripped.error || stripped.status !== 0) await copyFile(source, part)
  await chmod(part, 0o755)
  await rename(part, target)
  await rm(part, { force: true })
}

function run(command: string, args: string[]): void {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', cwd: root })
  if (error) throw error
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}.`)
}

if (import.meta.main) {
  const names = process.argv.slice(2)
  const unknown = names.filter((name) => !(name in targets))
  if (unknown.length > 0) {
    console.error(`There is no target ${unknown.join(', ')}; choose from ${Object.keys(targets).join(', ')}.`)
    process.exit(2)
  }
  await buildDist(names.length > 0 ? (names as Target[]) : undefined)
}
