import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const run = promisify(execFile)

/** Keeps a small file, then one that has no room; prints what happened. Runs on a file system of 1 MiB at /mnt. */
const program = `
  import { readdir } from 'node:fs/promises'
  import { Readable } from 'node:stream'
  import { text } from 'node:stream/consumers'
  import { folderStore } from ${JSON.stringify(new URL('../packages/server/src/files/file-store.ts', import.meta.url).href)}
  const job = 'job-000000000001'
  const store = folderStore('/mnt')
  const source = (bytes) => ({
    list: async () => ({ files: [{ path: 'a', bytes, modifiedAt: '2026-03-04T05:06:07Z' }], skipped: [] }),
    read: async () => Readable.from([Buffer.alloc(bytes, 'x')]),
  })
  const keep = (bytes) => store.keep(job, 1, source(bytes), new AbortController().signal)
  await keep(3)
  const before = await readdir('/mnt', { recursive: true })
  const refused = await keep(2 * 1024 * 1024).catch(({ code, message }) => ({ code, message }))
  const after = await readdir('/mnt', { recursive: true })
  const kept = await text((await store.read(job, 1, 'a')).stream)
  const { bytes } = await keep(500_000)
  console.log(JSON.stringify({ refused, same: before.join() === after.join(), kept, bytes }))`

test('a file store without room says so, keeps what it had, and goes on when there is room', async () => {
  const inOwnMounts = ['--user', '--map-root-user', '--mount', 'sh', '-ec']
  const script = 'mount -t tmpfs -o size=1m none /mnt; exec "$0" --input-type=module --eval "$1"'
  const { stdout } = await run('unshare', [...inOwnMounts, script, process.execPath, program])
  expect(JSON.parse(stdout)).toEqual({
    refused: { code: 'storage_full', message: 'There is no room for the job’s files below /mnt; free some.' },
    same: true,
    kept: 'xxx',
    bytes: 500_000,
  })
})
