import { spawn } from 'node:child_process'
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { once } from 'node:events'
import { expect, test } from 'vitest'

const launcher = resolve(import.meta.dirname, '../../../vitrine')

/**
 * A copy of the launcher in a folder whose name has blanks, with an npm that takes a moment, writes down that it ran, and
 * "installs" a node that prints its arguments.
 */
async function startLab() {
  const folder = await mkdtemp(join(tmpdir(), 'vitrine launcher '))
  const bin = join(folder, 'bin')
  await mkdir(bin)
  await copyFile(launcher, join(folder, 'vitrine'))
  await writeFile(join(folder, 'package-lock.json'), '{"lock":1}')
  await script(
    join(folder, 'node'),
    `if [ -e "${folder}/lame" ]; then echo 'libatomic.so.1: cannot open'; exit 127; fi
     for a in "$@"; do echo "[$a]"; done`,
  )
  await script(
    join(bin, 'npm'),
    `echo "$@" >>"${folder}/npm-calls"
     if [ -e "${folder}/broken" ]; then echo 'npm ERR! no such host'; exit 1; fi
     rm -rf node_modules; mkdir -p node_modules/.bin
     cp "${folder}/node" node_modules/.bin/node
     chmod +x node_modules/.bin/node; sleep 0.1`,
  )
  return {
    folder,
    npmCalls: async () => (await readFile(join(folder, 'npm-calls'), 'utf8')).split('\n').length - 1,
    run: async (
      argv: readonly string[],
      { path = join(folder, 'vitrine'), cwd = folder, PATH = `${bin}:/usr/bin:/bin` } = {},
    ) => {
      const child = spawn(path, argv, { cwd, env: { PATH } })
      const [out, note, [code]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, 'close'),
      ])
      return { out, note, code: code as number }
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}

async function script(path: string, body: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\n${body}\n`)
  await chmod(path, 0o755)
}

test('the launcher installs once, tells so in one line, and hands every argument on as it is', async () => {
  await using lab = await startLab()
  const first = await lab.run(['run', '$(id)  "x"\n', '--'])
  expect(first.out).toBe(`[${lab.folder}/packages/cli/src/main.ts]\n[run]\n[$(id)  "x"\n]\n[--]\n`)
  expect(first.note.trimEnd().split('\n')).toHaveLength(1)
  expect(await lab.run(['ls'])).toMatchObject({ code: 0, note: '' })
  expect(await lab.npmCalls()).toBe(1)
})

test('a changed lock file, and an install that was interrupted, are installed again', async () => {
  await using lab = await startLab()
  await lab.run([])
  await writeFile(join(lab.folder, 'package-lock.json'), '{"lock":2}')
  await lab.run([])
  expect(await lab.npmCalls()).toBe(2)
  await rm(join(lab.folder, 'node_modules/.vitrine-lock'))
  await lab.run([])
  expect(await lab.npmCalls()).toBe(3)
})

test('two launchers at once install once', async () => {
  await using lab = await startLab()
  const both = await Promise.all([lab.run(['a']), lab.run(['b'])])
  expect(both.map(({ code }) => code)).toEqual([0, 0])
  expect(await lab.npmCalls()).toBe(1)
})

test('the launcher works through a link and from another folder', async () => {
  await using lab = await startLab()
  await symlink(join(lab.folder, 'vitrine'), join(lab.folder, 'bin/link'))
  const { out } = await lab.run(['x'], { path: join(lab.folder, 'bin/link'), cwd: '/' })
  expect(out).toContain(`[${lab.folder}/packages/cli/src/main.ts]`)
})

test('a failed install shows what npm said, ends with 5 and is tried again', async () => {
  await using lab = await startLab()
  await writeFile(join(lab.folder, 'broken'), '')
  expect(await lab.run([])).toMatchObject({
    code: 5,
    note: expect.stringContaining('no such host') as string,
  })
  await rm(join(lab.folder, 'broken'))
  expect(await lab.run([])).toMatchObject({ code: 0 })
})

test('a Node that lacks its library gets it from apt-get where that is allowed', async () => {
  await using lab = await startLab()
  await writeFile(join(lab.folder, 'lame'), '')
  await script(join(lab.folder, 'bin/id'), 'echo 0')
  await script(join(lab.folder, 'bin/apt-get'), `echo "$@" >>"${lab.folder}/apt"; rm -f "${lab.folder}/lame"`)
  expect(await lab.run(['x'])).toMatchObject({ code: 0, out: expect.stringContaining('[x]') as string })
  expect(await readFile(join(lab.folder, 'apt'), 'utf8')).toContain('install -y libatomic1')
})

test('a Node that lacks its library is told with the package to install, and not taken as installed', async () => {
  await using lab = await startLab()
  await writeFile(join(lab.folder, 'lame'), '')
  await script(join(lab.folder, 'bin/id'), 'echo 1000')
  const told = await lab.run([])
  expect(told).toMatchObject({
    code: 5,
    note: expect.stringContaining('libatomic.so.1: cannot open') as string,
  })
  expect(told.note).toContain('apt-get install libatomic1')
  await rm(join(lab.folder, 'lame'))
  expect(await lab.run(['x'])).toMatchObject({ code: 0 })
})

test('without npm the launcher says what to install', async () => {
  await using lab = await startLab()
  const tools = join(lab.folder, 'tools')
  await mkdir(tools)
  for (const tool of ['dirname', 'readlink', 'cmp']) await symlink(`/usr/bin/${tool}`, join(tools, tool))
  expect(await lab.run([], { PATH: tools })).toMatchObject({
    code: 5,
    note: expect.stringContaining('apt-get install npm') as string,
  })
})
