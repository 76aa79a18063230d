import { expect, test } from 'vitest'
import { fileTree, nameOf, type File } from './file-tree.ts'

const file = (path: string): File => ({ path, bytes: 1, modifiedAt: '2026-01-01T00:00:00Z' })

test('files stand in their folders, in the order of their names', () => {
  const files = ['b.py', 'out/b/2', 'out/a', 'a.py', 'out/b/1', 'out.txt', '__proto__/constructor'].map(file)
  const tree = fileTree(files)
  expect(tree.files.map(({ path }) => path)).toEqual(['a.py', 'b.py', 'out.txt'])
  expect(tree.folders.map(({ name }) => name)).toEqual(['__proto__', 'out'])
  expect(tree.folders[1]).toMatchObject({
    path: 'out',
    files: [{ path: 'out/a' }],
    folders: [{ name: 'b', path: 'out/b', files: [{ path: 'out/b/1' }, { path: 'out/b/2' }] }],
  })
  expect(nameOf('out/b/1')).toBe('1')
})
