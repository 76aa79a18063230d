import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'

type Entry = { version?: string; optionalDependencies?: Record<string, string> }

/** npm leaves out what a registry lacks for other platforms, and `npm ci` then refuses the lock file everywhere. */
test('the lock file names every platform’s optional package, so that npm ci takes it', async () => {
  const file = await readFile(join(import.meta.dirname, '../../package-lock.json'), 'utf8')
  const { packages } = JSON.parse(file) as { packages: Record<string, Entry> }
  const locked = new Set(
    Object.entries(packages).map(([path, { version }]) => `${path.split('node_modules/').at(-1)}@${version}`),
  )
  const wanted = Object.values(packages)
    .flatMap(({ optionalDependencies = {} }) => Object.entries(optionalDependencies))
    .filter(([, version]) => /^\d/.test(version))
    .map(([name, version]) => `${name}@${version}`)
  expect(wanted.filter((one) => !locked.has(one))).toEqual([])
})
