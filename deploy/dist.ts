import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, copyFile, glob, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { rolldown, type OutputOptions } from 'rolldown'

const root = resolve(import.meta.dirname, '..')
const dist = join(root, 'dist')

/** Each makes one thing, and gives the files that it made it of. */
const targets: Record<'agent' | 'server' | 'cli' | 'web' | 'node', () => Promise<string[]>> = {
  agent: () => bundle('agent', inPieces),
  server: () => bundle('server', whole('server')),
  cli: () => bundle('cli', whole('cli')),
  web: buildWeb,
  node: copyNode,
}
export type Target = keyof typeof targets

/**
 * Makes what the images hold, in `dist/`: agent/, server.js, cli.js, web/ and the Node binary. Beside each is a list of
 * what it was made of, by which programs.sh knows whether it is still what the sources say.
 */
export async function buildDist(wanted: Target[] = Object.keys(targets) as Target[]): Promise<void> {
  await mkdir(dist, { recursive: true })
  for (const target of wanted) {
    const list = join(dist, `${target}.sums`)
    await rm(list, { force: true })
    await writeFile(list, await checksums(await targets[target]()))
  }
}

/**
 * A folder of CommonJS: the agent starts the X server before it reads the rest of itself, and a `require` of node:http
 * takes 2 ms where an `import`, which looks at every export, loads the whole of undici in 45 ms.
 */
const inPieces: OutputOptions = {
  dir: join(dist, 'agent'),
  format: 'cjs',
  entryFileNames: 'main.cjs',
  chunkFileNames: '[name].cjs',
  cleanDir: true,
}

const whole = (name: string): OutputOptions => ({
  file: join(dist, `${name}.js`),
  format: 'esm',
  codeSplitting: false,
})

async function bundle(name: string, form: OutputOptions): Promise<string[]> {
  const build = await rolldown({
    input: join(root, 'packages', name, 'src/main.ts'),
    platform: 'node',
    // ws takes these native helpers only where they are installed.
    external: ['bufferutil', 'utf-8-validate'],
  })
  const { output } = await build.write({ ...form, minify: 'dce-only' })
  await build.close()
  const modules = output.flatMap((piece) => (piece.type === 'chunk' ? piece.moduleIds : []))
  return modules.filter((id) => id.startsWith(root) && !id.includes('/node_modules/'))
}

async function buildWeb(): Promise<string[]> {
  for (const config of ['vite.config.ts', 'vite.replay.config.ts']) {
    const path = join(root, 'packages/web', config)
    run(join(root, 'node_modules/.bin/vite'), ['build', '--config', path, '--logLevel', 'warn'])
  }
  const files = await Array.fromAsync(glob('packages/{web,sdk,contract}/**/*.*', { cwd: root }))
  return files
    .filter((file) => !file.includes('/node_modules/') && !file.endsWith('.test.ts'))
    .map((file) => join(root, file))
}

/** The binary that runs us, without its debug symbols where `strip` can take them off (150 MB → 116 MB). */
async function copyNode(): Promise<string[]> {
  const source = join(root, 'node_modules/node/bin/node')
  const part = join(dist, `node.part-${process.pid}`)
  const target = join(dist, 'node')
  const made = await stat(target).catch(() => undefined)
  if (made && made.mtimeMs > (await stat(source)).mtimeMs) return []
  await copyFile(source, part)
  const stripped = spawnSync('strip', [part])
  if (stripped.error || stripped.status !== 0) await copyFile(source, part)
  await chmod(part, 0o755)
  await rename(part, target)
  await rm(part, { force: true })
  return []
}

/** As sha256sum(1) prints and checks them; the lock file stands for all packages. */
async function checksums(files: string[]): Promise<string> {
  const lines = [join(root, 'package-lock.json'), ...files].map(async (file) => {
    const hash = createHash('sha256').update(await readFile(file))
    return `${hash.digest('hex')}  ${relative(root, file)}\n`
  })
  return (await Promise.all(lines)).join('')
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
