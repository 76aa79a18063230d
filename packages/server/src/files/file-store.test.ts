import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { VitrineError } from '@vitrine/contract/error.ts'
import { limits } from '@vitrine/contract/limits.ts'
import type { FileEntry } from '@vitrine/contract/link.ts'
import * as fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { folderStore, type FileStore } from './file-store.ts'
import type { FileSource } from './receive.ts'

const job = 'job-000000000001'
const never = new AbortController().signal
const modifiedAt = '2026-03-04T05:06:07Z'
let root: string
let store: FileStore
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'file-store-'))
  store = folderStore(root)
})
afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') await rm(root, { recursive: true, force: true })
})

const entry = (path: string, bytes = 1): FileEntry => ({ path, bytes, modifiedAt })

/** A source of these files; `bytes` in its list are true. */
function sourceOf(files: Record<string, string>): FileSource {
  return {
    list: async () => ({
      files: Object.entries(files).map(([path, content]) => entry(path, Buffer.byteLength(content))),
      skipped: [],
    }),
    read: async (path) => Readable.from([Buffer.from(files[path]!)]),
  }
}

const contentOf = async (path: string, run = 1) => {
  const file = await store.read(job, run, path)
  return file && { bytes: file.bytes, text: await text(file.stream) }
}
const pathsOf = async (run = 1) => (await store.list(job, run))?.files.map((file) => file.path)

/** Everything below the root, so that tests see what is really there. */
const onDisk = () => readdir(root, { recursive: true })
const blobs = async () =>
  (await onDisk()).filter((path) => /\/\d+$/.test(path) && path.split('/').length === 4)

test('what was kept is listed and read again, also by another server on the same folder', async () => {
  const kept = await store.keep(
    job,
    1,
    sourceOf({ 'a.py': 'print(1)', 'dir/é 日本.txt': 'text', empty: '' }),
    never,
  )
  expect(kept).toEqual({ files: 3, bytes: 12, skipped: [] })
  store = folderStore(root)
  expect(await store.list(job, 1)).toEqual({
    files: [entry('a.py', 8), entry('dir/é 日本.txt', 4), entry('empty', 0)],
    skipped: [],
  })
  expect(await contentOf('dir/é 日本.txt')).toEqual({ bytes: 4, text: 'text' })
  expect(await contentOf('empty')).toEqual({ bytes: 0, text: '' })
})

test('what was not kept is null: an unknown job, run or path, or a path written in another way', async () => {
  await store.keep(job, 1, sourceOf({ 'a.py': 'print(1)' }), never)
  expect(await store.list('job-zzzzzzzzzzzz', 1)).toBeNull()
  expect(await store.list(job, 2)).toBeNull()
  for (const path of ['b.py', './a.py', 'x/../a.py', '../1/index.json', '0', '', '__proto__', 'A.py'])
    expect(await store.read(job, 1, path), path).toBeNull()
})

test('runs are apart, and removing a job removes all of them', async () => {
  await store.keep(job, 1, sourceOf({ a: 'one' }), never)
  await store.keep(job, 2, sourceOf({ a: 'two' }), never)
  await store.keep('job-000000000002', 1, sourceOf({ a: 'other' }), never)
  expect(await contentOf('a', 1)).toEqual({ bytes: 3, text: 'one' })
  expect(await contentOf('a', 2)).toEqual({ bytes: 3, text: 'two' })
  await store.remove(job)
  await store.remove(job)
  expect(await store.list(job, 1)).toBeNull()
  expect(await store.read(job, 2, 'a')).toBeNull()
  expect(await readdir(root)).toEqual(['job-000000000002'])
})

test('what a server that was killed left of jobs that are no more is removed', async () => {
  await store.keepOnly([job])
  await store.keep(job, 1, sourceOf({ a: 'one' }), never)
  await store.keep('job-000000000002', 1, sourceOf({ a: 'other' }), never)
  await store.keepOnly([job, 'job-000000000003'])
  expect(await readdir(root)).toEqual([job])
  expect(await contentOf('a', 1)).toEqual({ bytes: 3, text: 'one' })
})

test('keeping again replaces what was kept; one who reads the older file reads it to its end', async () => {
  const large = 'x'.repeat(500_000)
  await store.keep(job, 1, sourceOf({ a: large, b: 'b' }), never)
  const reading = await store.read(job, 1, 'a')
  await store.keep(job, 1, sourceOf({ a: 'new' }), never)
  expect(await text(reading!.stream)).toBe(large)
  expect(await contentOf('a')).toEqual({ bytes: 3, text: 'new' })
  expect(await pathsOf()).toEqual(['a'])
  expect(await blobs()).toHaveLength(1)
})

test('keeping, reading and removing at once always shows one version as a whole', async () => {
  await store.keep(job, 1, sourceOf({ a: '0', b: '0' }), never)
  const turns = Array.from({ length: 20 }, (_, n) => ({ a: `${n}`, b: `${n}` }))
  const last = turns.map((files) => store.keep(job, 1, sourceOf(files), never)).at(-1)!
  const done = last.then(() => 'done')
  while ((await Promise.race([done, contentOf('a').then((file) => file!.text)])) !== 'done')
    expect(await pathsOf()).toEqual(['a', 'b'])
  expect(await contentOf('b')).toEqual({ bytes: 2, text: '19' })
  expect(await blobs()).toHaveLength(2)
  const again = store.keep(job, 1, sourceOf({ a: 'again' }), never)
  await store.remove(job)
  await again
  expect(await onDisk()).toEqual([])
})

const hostile: Record<string, string> = {
  '/etc/passwd': 'its path is absolute',
  '../../x': 'its path leads upwards',
  'a/../b': 'its path leads upwards',
  '..': 'its path leads upwards',
  '.': 'its path has empty parts',
  './a': 'its path has empty parts',
  'a//b': 'its path has empty parts',
  'a/': 'its path has empty parts',
  '': 'its path is empty',
  'a\0b': 'its path contains a NUL character',
  'a\ud800': 'its path is not valid Unicode',
  ['é'.repeat(2049)]: 'its path is longer than 4096 bytes',
}

test('paths that are hostile are skipped and named, and never become paths of the host', async () => {
  const odd = [
    '..\\x',
    '-rf',
    '%2e%2e%2f',
    'new\nline',
    '\x1b[2J',
    '"quotes"',
    ' ',
    '...',
    'index.json',
    '__proto__',
  ]
  const all = [...odd, ...Object.keys(hostile)]
  const source: FileSource = {
    list: async () => ({
      files: all.map((path) => entry(path)),
      skipped: [{ path: 'fifo', why: 'not a regular file' }],
    }),
    read: async (path) => Readable.from([Buffer.from(path)]),
  }
  const { skipped } = await store.keep(job, 1, source, never)
  expect(skipped).toEqual([
    'fifo: not a regular file',
    ...Object.entries(hostile).map(([path, why]) => `${path.slice(0, 200).toWellFormed()}: ${why}`),
  ])
  expect(await pathsOf()).toEqual(odd)
  for (const path of odd) expect((await contentOf(path))?.text).toBe(path)
  for (const name of await onDisk())
    expect(name).toMatch(/^job-\w{12}(\/1(\/([0-9a-f-]{36}(\/\d+)?|index\.json))?)?$/)
})

test('whatever the paths, everything on disk lies in the run’s folder under a number', async () => {
  const codes = fc.array(fc.nat(0xffff), { maxLength: 20 }).map((units) => String.fromCharCode(...units))
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(codes, { maxLength: 8 }), async (paths) => {
      const source: FileSource = {
        list: async () => ({ files: paths.map((path) => entry(path)), skipped: [] }),
        read: async (path) => Readable.from([Buffer.from(path)]),
      }
      const { files, skipped } = await store.keep(job, 1, source, never)
      expect(files + skipped.length).toBe(paths.length)
      expect((await blobs()).length).toBe(files)
      for (const path of (await pathsOf())!) expect((await contentOf(path))?.text).toBe(path)
    }),
    { numRuns: 15 },
  )
})

test('job ids and runs that are none never reach the disk', async () => {
  for (const id of ['../x', 'job-1', '', '/'])
    await expect(store.keep(id, 1, sourceOf({ a: '' }), never)).rejects.toThrow('is not a job’s id')
  await expect(store.list(job, 1.5)).rejects.toThrow('1.5 is not the number of a run')
  await expect(store.read(job, -1, 'a')).rejects.toThrow('-1 is not the number of a run')
})

test('a path that is listed twice is kept once', async () => {
  const once = sourceOf({ a: 'first' })
  const twice: FileSource = {
    list: async () => ({ files: [...(await once.list()).files, entry('a')], skipped: [] }),
    read: (path) => once.read(path),
  }
  expect(await store.keep(job, 1, twice, never)).toEqual({
    files: 1,
    bytes: 5,
    skipped: ['a: it was listed twice'],
  })
})

const MiB = 1024 * 1024
const zeros = Buffer.alloc(MiB)
const ofSize = (mebibytes: number) => Readable.from(Array.from({ length: mebibytes }, () => zeros))

test('a source that lies about lengths is held to the limits by what it sends', async () => {
  let taken = 0
  const source: FileSource = {
    list: async () => ({
      files: [entry('endless', 3), entry('huge', limits.fileBytes + 1), entry('grew', 1), entry('less', 999)],
      skipped: [],
    }),
    read: async (path) => {
      if (path === 'grew') return ofSize(2)
      if (path === 'less') return Readable.from([Buffer.from('less')])
      expect(path).toBe('endless')
      return Readable.from(
        (function* () {
          for (;;) yield (taken++, zeros)
        })(),
      )
    },
  }
  expect(await store.keep(job, 1, source, never)).toEqual({
    files: 2,
    bytes: 2 * MiB + 4,
    skipped: ['endless: it is larger than 64 MiB', 'huge: it is larger than 64 MiB'],
  })
  expect(taken).toBeLessThan(100)
  expect((await store.list(job, 1))?.files).toEqual([entry('grew', 2 * MiB), entry('less', 4)])
  expect(await contentOf('less')).toEqual({ bytes: 4, text: 'less' })
})

test('all files together are held to their limit', async () => {
  const source: FileSource = {
    list: async () => ({ files: ['a', 'b', 'c', 'd', 'e', 'f'].map((path) => entry(path)), skipped: [] }),
    read: async (path) => (path === 'e' ? ofSize(17) : path === 'f' ? ofSize(15) : ofSize(60)),
  }
  const { files, bytes, skipped } = await store.keep(job, 1, source, never)
  expect({ files, bytes, skipped }).toEqual({
    files: 5,
    bytes: 255 * MiB,
    skipped: ['e: only 256 MiB in all are kept'],
  })
})

test('of 100,000 files the first are kept, and the index stays small', async () => {
  const name = (index: number) => `${index}${'x'.repeat(200)}`
  const source: FileSource = {
    list: async () => ({
      files: Array.from({ length: 100_000 }, (_, index) => entry(name(index))),
      skipped: [],
    }),
    read: async () => Readable.from([zeros.subarray(0, 1)]),
  }
  const { files, skipped } = await store.keep(job, 1, source, never)
  expect(files).toBe(limits.files)
  expect(skipped).toHaveLength(101)
  expect(skipped[0]).toMatch(/^2000x+: only 2000 files are kept$/)
  expect(skipped[100]).toBe('…: 97900 more were skipped')
  expect(JSON.stringify(await store.list(job, 1)).length).toBeLessThan(MiB)
}, 60_000)

test('a file that has gone, or breaks off twice, is skipped and named; one that breaks off once is read again', async () => {
  let attempts = 0
  const source: FileSource = {
    list: async () => ({ files: ['gone', 'flaky', 'bad', 'good'].map((path) => entry(path)), skipped: [] }),
    read: async (path) => {
      if (path === 'gone') throw new VitrineError('not_found', 'The sandbox has no such file.')
      const breaks = path === 'bad' || (path === 'flaky' && attempts++ === 0)
      return Readable.from(breaks ? breakOff() : [Buffer.from(path)])
    },
  }
  expect(await store.keep(job, 1, source, never)).toEqual({
    files: 2,
    bytes: 9,
    skipped: ['gone: it was gone when it was to be read', 'bad: it broke off while it was read'],
  })
  expect(await contentOf('flaky')).toEqual({ bytes: 5, text: 'flaky' })
})

async function* breakOff(): AsyncGenerator<Buffer> {
  yield Buffer.from('part of it')
  throw new Error('reset')
}

test('when the source is lost, what was kept before stays and nothing half-made is left', async () => {
  await store.keep(job, 1, sourceOf({ a: 'before' }), never)
  const before = await onDisk()
  let lost = false
  const source: FileSource = {
    list: async () => ({ files: [entry('b'), entry('c')], skipped: [] }),
    read: async (path) => {
      if (lost) throw new VitrineError('unavailable', 'The link broke.')
      lost = path === 'c'
      return Readable.from(lost ? breakOff() : [Buffer.from('b')])
    },
  }
  await expect(store.keep(job, 1, source, never)).rejects.toThrow('The link broke.')
  expect(await onDisk()).toEqual(before)
  expect(await contentOf('a')).toEqual({ bytes: 6, text: 'before' })
  await expect(
    store.keep(job, 1, { ...source, list: () => Promise.reject(new Error('lost')) }, never),
  ).rejects.toThrow('lost')
  expect(await onDisk()).toEqual(before)
})

test('an abort ends the keeping of a file that never ends, and nothing half-made is left', async () => {
  await store.keep(job, 1, sourceOf({ a: 'before' }), never)
  const before = await onDisk()
  const abort = new AbortController()
  const silent = new Readable({ read: () => abort.abort() })
  const source: FileSource = {
    list: async () => ({ files: [entry('b')], skipped: [] }),
    read: async () => silent,
  }
  await expect(store.keep(job, 1, source, abort.signal)).rejects.toMatchObject({ name: 'AbortError' })
  expect(await onDisk()).toEqual(before)
  expect(silent.destroyed).toBe(true)
})

test('killed while it keeps, the earlier version is whole, and the next keeping clears up', async () => {
  await store.keep(job, 1, sourceOf({ a: 'before', b: 'too' }), never)
  const program = `
    import { Readable } from 'node:stream'
    import { folderStore } from ${JSON.stringify(new URL('./file-store.ts', import.meta.url).href)}
    const files = ['x', 'y', 'z'].map((path) => ({ path, bytes: 1, modifiedAt: '${modifiedAt}' }))
    const read = async (path) => {
      if (path !== 'z') return Readable.from([Buffer.from('new')])
      process.stdout.write('two are written')
      return new Promise(() => {})
    }
    setInterval(() => {}, 1000)
    await folderStore(${JSON.stringify(root)}).keep('${job}', 1, { list: async () => ({ files, skipped: [] }), read }, new AbortController().signal)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(await blobs()).toHaveLength(4)

  store = folderStore(root)
  expect(await pathsOf()).toEqual(['a', 'b'])
  expect(await contentOf('a')).toEqual({ bytes: 6, text: 'before' })
  await store.keep(job, 1, sourceOf({ c: 'after' }), never)
  expect(await contentOf('c')).toEqual({ bytes: 5, text: 'after' })
  expect(await blobs()).toHaveLength(1)
})

test('killed between the files and their index, the earlier version is whole', async () => {
  await store.keep(job, 1, sourceOf({ a: 'before' }), never)
  const index = JSON.parse(await readFile(join(root, job, '1', 'index.json'), 'utf8')) as { version: string }
  const next = '01234567-89ab-4cde-8f01-23456789abcd'
  await writeFile(
    join(root, job, '1', `${next}.json`),
    JSON.stringify({ ...index, version: next }).slice(0, 40),
  )
  store = folderStore(root)
  expect(await contentOf('a')).toEqual({ bytes: 6, text: 'before' })
  await store.keep(job, 1, sourceOf({ a: 'after' }), never)
  expect((await readdir(join(root, job, '1'))).toSorted()).toEqual([
    expect.stringMatching(/^[0-9a-f-]{36}$/),
    'index.json',
  ])
})

test('a file that is in the index and not on disk is an error that names it, not a hang', async () => {
  await store.keep(job, 1, sourceOf({ a: 'x' }), never)
  await rm(join(root, (await blobs())[0]!))
  await expect(store.read(job, 1, 'a')).rejects.toThrow(/\/0 is missing/)
})
