import { access, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { startServer } from '@vitrine/server/testing/start-server.ts'
import { expect, test } from 'vitest'
import { startTestCli } from './test-context.ts'

test('down --volumes leaves nothing that the server stored, and all that it did not', async () => {
  await using server = await startServer()
  const { id } = await server.create({ task: 'leave a file and a recording' })
  await server.follow(id, ({ type }) => type === 'files.kept')
  await expect.poll(() => access(join(server.stateDir, 'recordings'))).toBeUndefined()
  // The server of a test has its web pages here too; no other has.
  await using lab = await startTestCli({}, server.stateDir)
  const { code, note } = await lab.run(['down', '--volumes'])
  expect({ code, left: await readdir(server.stateDir) }, note).toEqual({ code: 0, left: ['web'] })
})
