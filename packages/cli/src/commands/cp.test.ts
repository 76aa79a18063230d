import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startTestCli } from '../test-context.ts'
import { id } from '../test-handlers.ts'

describe('cp', () => {
  const having = (...paths: string[]) =>
    startTestCli({
      listFiles: () => ({
        files: paths.map((path) => ({ path, bytes: 1, modifiedAt: '2026-01-01T00:00:00Z' })),
        skipped: [],
      }),
      readFile: ({ params, response }) => void response.writeHead(200).end(`content of ${params['path']}`),
    })

  test('copies one file, to a name or into a folder', async () => {
    await using lab = await having('a/b.py')
    await mkdir(join(lab.folder, 'in'))
    await lab.run(['cp', `${id}:a/b.py`, join(lab.folder, 'c.py')])
    await lab.run(['cp', `${id}:a/b.py`, join(lab.folder, 'in')])
    expect(await readFile(join(lab.folder, 'c.py'), 'utf8')).toBe('content of a/b.py')
    expect(await readFile(join(lab.folder, 'in/b.py'), 'utf8')).toBe('content of a/b.py')
  })

  test('copies everything into a folder that it makes', async () => {
    await using lab = await having('a.py', 'deep/er/b.py')
    expect(await lab.run(['cp', `${id}:`, join(lab.folder, 'new')])).toMatchObject({ code: 0 })
    expect(await readFile(join(lab.folder, 'new/deep/er/b.py'), 'utf8')).toBe('content of deep/er/b.py')
  })

  test('prints one file to -', async () => {
    await using lab = await having('a.py')
    expect(await lab.run(['cp', `${id}:a.py`, '-'])).toMatchObject({ code: 0, out: 'content of a.py' })
  })

  test.each(['../evil', 'a/../../evil', '/etc/evil/..', '..', 'a\\..\\b'])(
    'copies nothing where a file is named %j',
    async (path) => {
      await using lab = await having('good.py', path)
      expect(await lab.run(['cp', `${id}:`, join(lab.folder, 'in')])).toMatchObject({ code: 5 })
      expect(await readdir(lab.folder)).toEqual([])
    },
  )

  test('does not write through a link that leads out of the folder', async () => {
    await using lab = await having('out/evil', 'link')
    await mkdir(join(lab.folder, 'in'))
    await mkdir(join(lab.folder, 'elsewhere'))
    await symlink(join(lab.folder, 'elsewhere'), join(lab.folder, 'in/out'))
    expect(await lab.run(['cp', `${id}:`, join(lab.folder, 'in')])).toMatchObject({ code: 5 })
    expect(await readdir(join(lab.folder, 'elsewhere'))).toEqual([])
  })

  test('replaces a link that has a file’s name, and leaves what it points to', async () => {
    await using lab = await having('link')
    await mkdir(join(lab.folder, 'in'))
    await writeFile(join(lab.folder, 'precious'), 'kept')
    await symlink(join(lab.folder, 'precious'), join(lab.folder, 'in/link'))
    await lab.run(['cp', `${id}:`, join(lab.folder, 'in')])
    expect(await readFile(join(lab.folder, 'precious'), 'utf8')).toBe('kept')
    expect(await readFile(join(lab.folder, 'in/link'), 'utf8')).toBe('content of link')
  })

  test.each([
    ['', 'new.bin'],
    ['in/', 'in/new.bin'],
    ['in/other.bin', 'in/other.bin'],
    ['/output/other.bin', 'other.bin'],
  ])('copies a file into the sandbox, to “%s” as %s', async (path, expected) => {
    await using lab = await startTestCli({ writeFile: () => undefined })
    const source = join(lab.folder, 'new.bin')
    await writeFile(source, Buffer.from([0, 255, 10]))
    expect(await lab.run(['cp', source, `${id}:${path}`])).toMatchObject({
      code: 0,
      out: `${id}:${expected}\n`,
    })
    expect(lab.calls).toMatchObject([{ params: { path: expected }, body: Buffer.from([0, 255, 10]) }])
  })

  test('of a file that is not here says so, and how to write both directions', async () => {
    await using lab = await startTestCli()
    const { code, note } = await lab.run(['cp', 'nowhere.txt', `${id}:`])
    expect(code).toBe(2)
    expect(note).toContain('there is no file nowhere.txt')
  })

  test('of a file that is not there ends with 3', async () => {
    await using lab = await having('a.py')
    expect(await lab.run(['cp', `${id}:b.py`, lab.folder])).toMatchObject({ code: 3 })
  })
})
