import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { docker, image } from '../docker.ts'
import { startModel, task } from '../model.ts'
import { startServer, type BenchServer } from '../server.ts'

export type EndlessDesktop = AsyncDisposable & {
  server: BenchServer
  /** Where its viewers connect. */
  url: string
  /** The agent in its sandbox, as the host counts processes. */
  agentPid: number
}

/** A real server with a real sandbox, whose X server is `source.ts`: it has more to show than anybody can take. */
export async function startEndlessDesktop(): Promise<EndlessDesktop> {
  await using stack = new AsyncDisposableStack()
  const model = stack.use(await startModel())
  const server = stack.use(
    await startServer(model.url, 0, { VITRINE_IMAGE: await endlessImage(), VITRINE_RECORD: 'off' }),
  )
  const job = await server.vitrine.jobs.create({ task })
  const { state } = await server.vitrine.jobs.wait(job.id)
  if (state !== 'succeeded') throw new Error(`The job of the benchmark ${state}.`)
  const [sandbox] = await server.sandboxes()
  const agentPid = await agentOf(sandbox!)
  const whole = stack.move()
  return {
    server,
    url: `${server.url}jobs/${job.id}/websockify`,
    agentPid,
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  }
}

/** Its xprop says that all windows are there: none can be. */
async function endlessImage(): Promise<string> {
  const name = 'vitrine-bench-endless'
  const folder = await mkdtemp(join(tmpdir(), 'vitrine-bench-'))
  try {
    await cp(join(import.meta.dirname, 'source.ts'), join(folder, 'source.ts'))
    await writeFile(
      join(folder, 'Dockerfile'),
      `FROM ${image}
COPY source.ts /opt/bench/source.ts
RUN printf '#!/bin/sh\\nexec node /opt/bench/source.ts "$@"\\n' > /usr/bin/Xtigervnc \\
 && printf '#!/bin/sh\\necho 0x1 0x2 0x3 0x4\\n' > /usr/bin/xprop \\
 && chmod 755 /usr/bin/Xtigervnc /usr/bin/xprop
`,
    )
    await docker('build', '--quiet', '--network', 'none', '--tag', name, folder)
  } finally {
    await rm(folder, { recursive: true })
  }
  return name
}

/** The container's first process is tini; the agent is what it started. */
export async function agentOf(sandbox: string): Promise<number> {
  const [pid] = await docker('inspect', '--format', '{{.State.Pid}}', sandbox)
  return Number((await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ')[0])
}
