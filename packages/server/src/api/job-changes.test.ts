import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import type { JobChanges } from '@vitrine/contract/routes/jobs.ts'
import { expect, test } from 'vitest'
import { startServer, type TestServer } from '../testing/start-server.ts'

/** A watcher that has begun; `until` reads on to the line that it wants. */
async function watch(server: TestServer, query = '') {
  const left = new AbortController()
  const response = await fetch(`${server.url}api/v1/jobs/changes${query}`, {
    headers: { authorization: `Bearer ${server.token}` },
    signal: left.signal,
  })
  const body = Readable.fromWeb(response.body as ReadableStream)
  const lines = createInterface(body.on('error', () => {}))[Symbol.asyncIterator]()
  const until = async (wanted: (changes: JobChanges) => boolean): Promise<JobChanges> => {
    for (;;) {
      const { value, done } = (await lines.next()) as { value: string; done?: boolean }
      if (done) throw new Error('the watching ended')
      const changes = value === '' ? null : (JSON.parse(value) as JobChanges)
      if (changes && wanted(changes)) return changes
    }
  }
  expect(await until(() => true)).toEqual({ jobs: [], gone: [] })
  return { until, [Symbol.asyncDispose]: async () => left.abort() }
}
const states = ({ jobs }: JobChanges, id: string) =>
  jobs.filter((job) => job.id === id).map(({ state }) => state)

test('a watcher is told of each job that is made, changes and is deleted', async () => {
  await using server = await startServer()
  await using watcher = await watch(server)
  const { id } = await server.create({ task: 'print done' })
  await watcher.until((changes) => states(changes, id).includes('succeeded'))
  await server.api('DELETE', `/jobs/${id}`)
  const { jobs } = await watcher.until(({ gone }) => gone.includes(id))
  expect(jobs).toEqual([])
})

test('a watcher is told only of jobs that match, and of those that no longer do', async () => {
  await using server = await startServer()
  await using watcher = await watch(server, '?state=queued,starting,running&q=Circle&label=team%3Dred')
  const other = await server.create({ task: 'a square', labels: { team: 'red' } })
  const { id } = await server.create({ task: 'a circle', labels: { team: 'red' } })
  const seen: string[] = []
  await watcher.until((changes) => {
    seen.push(...changes.jobs.map((job) => job.id))
    return changes.gone.includes(id)
  })
  expect(seen).not.toContain(other.id)
  expect((await server.get(id)).state).toBe('succeeded')
  for (const one of [id, other.id]) await server.follow(one, ({ type }) => type === 'files.kept')
})

test.each(['?state=gone', '?label=x', `?q=${'x'.repeat(201)}`, `?q=${'x+'.repeat(11)}`, '?limit=3'])(
  'watching with %s is refused and the field named',
  async (query) => {
    await using server = await startServer()
    for (const path of query === '?limit=3' ? ['/jobs/changes'] : ['/jobs', '/jobs/changes']) {
      const answer = await server.api('GET', path + query)
      expect(answer.status).toBe(400)
      expect(await answer.text()).toContain(/\w+/.exec(query)![0])
    }
  },
)
