/**
 * The product's server, with jobs that do nothing by themselves in sandboxes of the fake runtime: `node server.ts
 * <upstream> <jobs> <slots> [model]` prints the sockets on which their model calls come in. Ends with its standard input.
 */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { once } from 'node:events'
import { fakeRuntime } from '../../packages/server/src/runtimes/fake.ts'
import { startServer } from '../../packages/server/src/testing/start-server.ts'

const [upstream = '', jobs = '1', slots = '1', model = 'bench'] = process.argv.slice(2)
await using runtime = fakeRuntime({ script: ({ signal }) => once(signal, 'abort').then(() => undefined) })
await using server = await startServer({
  runtime,
  environment: {
    VITRINE_MODEL_SERVERS: upstream,
    VITRINE_MODEL_SLOTS: slots,
    VITRINE_POOL: '0',
    VITRINE_CONCURRENCY: jobs,
  },
})
const limits = { modelCalls: 1_000_000, tokensIn: 1e9, tokensOut: 1e9 }
const created = await Promise.all(
  Array.from({ length: Number(jobs) }, () => server.create({ task: 'wait', model, limits })),
)
await Promise.all(created.map(({ id }) => server.reach(id, 'running')))
const links = join(server.stateDir, 'links')
console.log(JSON.stringify((await readdir(links)).map((sandbox) => join(links, sandbox, 'link.sock'))))
process.stdin.resume()
await once(process.stdin, 'end')
