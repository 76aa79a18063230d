import { once } from 'node:events'
import { Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { createGunzip } from 'node:zlib'
import { VitrineError } from '@vitrine/contract/error.ts'
import * as fc from 'fast-check'
import { extract } from 'tar-stream'
import { expect, test } from 'vitest'
import { createArchiveNames } from './archive-names.ts'
import { tarGz, zip, type ArchiveFile } from './archive.ts'

const modifiedAt = '2026-03-04T05:06:08Z'
const file = (path: string, content: string | Buffer, bytes = Buffer.byteLength(content)): ArchiveFile => ({
  path,
  bytes,
  modifiedAt,
  open: async () => Readable.from([Buffer.from(content)]),
})
const fileNamed = (path: string) => file(path, `content of ${path}`)

async function* each(files: ArchiveFile[]): AsyncGenerator<ArchiveFile> {
  yield* files
}

async function readTar(archive: Readable): Promise<[name: string, content: string][]> {
  const entries: [string, string][] = []
  const extracted = extract()
  archive.pipe(createGunzip()).pipe(extracted)
  for await (const entry of extracted) entries.push([entry.header.name, await text(Readable.from(entry))])
  return entries
}

/** By the central directory, as unzip does (APPNOTE.TXT, 4.3.12); entries are stored. */
async function readZip(archive: Readable): Promise<[name: string, content: string][]> {
  const bytes = await buffer(archive)
  const end = bytes.lastIndexOf(Buffer.from('PK\x05\x06'))
  let at = bytes.readUInt32LE(end + 16)
  return Array.from({ length: bytes.readUInt16LE(end + 10) }, () => {
    const [size, nameLength, extraLength] = [
      bytes.readUInt32LE(at + 24),
      bytes.readUInt16LE(at + 28),
      bytes.readUInt16LE(at + 30),
    ]
    const local = bytes.readUInt32LE(at + 42)
    const name = bytes.toString('utf8', at + 46, at + 46 + nameLength)
    const content = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28)
    at += 46 + nameLength + extraLength
    return [name, bytes.toString('utf8', content, content + size)]
  })
}

const formats = [
  { name: 'zip', make: zip, read: readZip },
  { name: 'tar.gz', make: tarGz, read: readTar },
]

test.each(formats)('a $name holds the files with their names and contents', async ({ make, read }) => {
  const files = [
    fileNamed('a.py'),
    fileNamed('folder/b é.txt'),
    file('empty', ''),
    file('large', 'x'.repeat(300_000)),
  ]
  expect(await read(make(each(files)))).toEqual([
    ['a.py', 'content of a.py'],
    ['folder/b é.txt', 'content of folder/b é.txt'],
    ['empty', ''],
    ['large', 'x'.repeat(300_000)],
  ])
})

test.each(formats)('an empty $name is a valid one', async ({ make, read }) => {
  expect(await read(make(each([])))).toEqual([])
})

test.each(formats)('hostile names are made safe and unique inside a $name', async ({ make, read }) => {
  const names = [
    '../../x',
    '/etc/passwd',
    '..\\..\\y',
    'C:\\z',
    '.',
    '',
    'a\0b\n\x1b[2J',
    '-rf',
    'same.txt',
    './same.txt',
    'SAME.TXT',
    'é'.repeat(300),
  ]
  const entries = await read(make(each(names.map(fileNamed))))
  expect(entries.map(([name]) => name)).toEqual([
    '_/_/x',
    'etc/passwd',
    '.._.._y',
    'C__z',
    '_',
    '_ (2)',
    'a_b__[2J',
    '-rf',
    'same.txt',
    'same (2).txt',
    'SAME (3).TXT',
    'é'.repeat(100),
  ])
  expect(entries.map(([, content]) => content)).toEqual(names.map((name) => `content of ${name}`))
})

test('whatever the paths, the names in an archive are relative, unique and free of control characters', () => {
  const codes = fc.array(fc.nat(0xffff), { maxLength: 8 }).map((units) => String.fromCharCode(...units))
  const part = fc.oneof(codes, fc.constantFrom('..', '.', '', '\\', 'a', 'A', 'a (2)'))
  fc.assert(
    fc.property(fc.array(fc.array(part, { maxLength: 5 }), { maxLength: 12 }), (paths) => {
      const nameFor = createArchiveNames()
      const names = paths.map((parts) => nameFor(parts.join('/')))
      expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(names.length)
      for (const name of names) {
        expect(name).not.toMatch(/^\/|\/$|\/\/|(^|\/)\.\.?(\/|$)|[\p{Cc}\\:]/u)
        expect(name.isWellFormed()).toBe(true)
        expect(name).not.toBe('')
      }
    }),
    { numRuns: 200 },
  )
})

test('in a tar a file that grew is cut, and one that shrank is filled with zeros', async () => {
  const files = [
    file('grew', 'abcdef', 3),
    file('shrank', 'abc', 5),
    file('none', 'abc', -1),
    fileNamed('after'),
  ]
  expect(await readTar(tarGz(each(files)))).toEqual([
    ['grew', 'abc'],
    ['shrank', 'abc\0\0'],
    ['none', ''],
    ['after', 'content of after'],
  ])
})

test('a file that was announced far larger than it is ends the tar with an error', async () => {
  await expect(buffer(tarGz(each([file('huge', 'abc', 1e15)])))).rejects.toThrow(
    'huge has 999999999999997 bytes less',
  )
})

test.each(formats)('a file that has gone is left out of a $name', async ({ make, read }) => {
  const gone = { ...fileNamed('gone'), open: () => Promise.reject(new VitrineError('not_found', 'gone')) }
  expect(await read(make(each([fileNamed('a'), gone, fileNamed('b')])))).toEqual([
    ['a', 'content of a'],
    ['b', 'content of b'],
  ])
})

test.each(formats)('a file that cannot be read ends the $name with its error', async ({ make }) => {
  const refused = { ...fileNamed('a'), open: () => Promise.reject(new Error('the link broke')) }
  await expect(buffer(make(each([refused])))).rejects.toThrow('the link broke')
  const breaking = { ...fileNamed('b'), open: async () => Readable.from(breakOff()) }
  await expect(buffer(make(each([breaking])))).rejects.toThrow('broke off')
})

async function* breakOff(): AsyncGenerator<Buffer> {
  yield Buffer.from('some')
  throw new Error('broke off')
}

test.each(formats)('times that no $name can hold do not break it', async ({ make, read }) => {
  const times = ['0001-01-01T00:00:00Z', '9999-12-31T23:59:59Z', 'nonsense']
  const files = times.map((modifiedAt, index) => ({ ...fileNamed(`file ${index}`), modifiedAt }))
  expect(await read(make(each(files)))).toHaveLength(3)
})

/** A file of 1 TB; tells how much was taken of it. */
function endless() {
  const chunk = Buffer.from(
    Array.from({ length: 64 * 1024 }, (_, index) => (index * index * 31 + (index >> 3)) % 256),
  )
  const state = {
    taken: 0,
    stream: new Readable({
      read() {
        state.taken += chunk.length
        this.push(chunk)
      },
    }),
  }
  const opened = { path: 'endless', bytes: 1e12, modifiedAt, open: async () => state.stream }
  return { state, opened }
}

test.each(formats)('a $name that nobody reads on takes no more of its files', async ({ make }) => {
  const { state, opened } = endless()
  const archive = make(each([opened]))
  let received = 0
  for await (const chunk of archive.iterator({ destroyOnReturn: false })) {
    received += (chunk as Buffer).length
    if (received > 1024 * 1024) break
  }
  let before = -1
  await expect.poll(() => before === (before = state.taken), { interval: 20 }).toBe(true)
  const taken = state.taken
  for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate)
  expect(state.taken).toBe(taken)
  archive.destroy()
})

test.each(formats)(
  'when the reader of a $name leaves, the open file is closed and no other is opened',
  async ({ make }) => {
    const { state, opened } = endless()
    let next = false
    async function* files() {
      yield opened
      next = true
      yield fileNamed('next')
    }
    const archive = make(files())
    await once(archive, 'readable')
    const closed = new Promise((resolve) => state.stream.once('close', resolve))
    archive.destroy()
    await closed
    expect(next).toBe(false)
  },
)

test.each(formats)('a $name of 3000 files has one open at a time', async ({ make, read }) => {
  let open = 0
  let most = 0
  const files = Array.from({ length: 3000 }, (_, index) => ({
    ...fileNamed(`f${index}`),
    open: async () => {
      most = Math.max(most, ++open)
      const stream = Readable.from([Buffer.from(`content of f${index}`)])
      stream.once('close', () => open--)
      return stream
    },
  }))
  const entries = await read(make(each(files)))
  expect(entries).toHaveLength(3000)
  expect(entries[2999]).toEqual(['f2999', 'content of f2999'])
  expect(most).toBeLessThanOrEqual(2) // a stream tells of its end a moment after it
})
