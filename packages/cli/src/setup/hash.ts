import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** SHA-256 over the names and contents of files and of whole folders below `root`; tests count for nothing. */
export async function hashOf(root: string, paths: readonly string[], extra: string): Promise<string> {
  const files = (await Promise.all(paths.map((path) => filesBelow(root, path)))).flat().toSorted()
  const hash = createHash('sha256').update(extra)
  for (const file of files) {
    const content = await readFile(join(root, file))
    hash.update(`\0${file}\0${content.length}\0`).update(content)
  }
  return hash.digest('hex')
}

async function filesBelow(root: string, path: string): Promise<string[]> {
  if (!(await stat(join(root, path))).isDirectory()) return [path]
  const entries = await readdir(join(root, path), { withFileTypes: true })
  const below = entries
    .filter(({ name }) => name !== 'node_modules' && name !== 'dist' && !name.endsWith('.test.ts'))
    .map((entry) =>
      entry.isDirectory()
        ? filesBelow(root, join(path, entry.name))
        : Promise.resolve([join(path, entry.name)]),
    )
  return (await Promise.all(below)).flat()
}
