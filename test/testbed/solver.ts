import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { AgentEvent } from '@vitrine/contract/event.ts'
import type { Reason, Verdict } from '@vitrine/contract/job.ts'
import { linkDir, linkSocket, type Assignment } from '@vitrine/contract/link.ts'
import { rolldown } from 'rolldown'
import { assignment, docker, hardening, image } from './sandbox.ts'

/** What came of one job: the best candidate's program and output, and all events but the model's words. */
export type Solved = {
  verdict: Verdict
  reason: Reason | null
  program: string | null
  stdout: string | null
  events: AgentEvent[]
}

export type Solver = AsyncDisposable & {
  /** Solves one job after the other, in the order of the calls to the next free sandbox. */
  solve(job: Partial<Assignment> & { task: string }): Promise<Solved>
}

/**
 * The agent's own `solve` in hardened containers of the sandbox's image, without server and desktop: a job takes as
 * long as its programs. `modelUrl` speaks Ollama's protocol.
 */
export async function startSolver(modelUrl: string, sandboxes = 2): Promise<Solver> {
  const folder = await mkdtemp(join(tmpdir(), 'vitrine-solver-'))
  await chmod(folder, 0o755)
  const build = await rolldown({
    input: join(import.meta.dirname, 'solver-inside.ts'),
    platform: 'node',
  })
  await build.write({ file: join(folder, 'solver.mjs'), format: 'esm', codeSplitting: false })
  await build.close()
  const pipe = await pipeTo(new URL(modelUrl), join(folder, linkSocket.slice(linkDir.length + 1)))
  const boxes = Array.from({ length: sandboxes }, () => startBox(folder))
  const free = [...boxes]
  const waiting: ((box: Box) => void)[] = []
  return {
    async solve(job) {
      const box = free.pop() ?? (await new Promise<Box>((resolve) => waiting.push(resolve)))
      try {
        return await box.solve({ ...assignment, ...job })
      } finally {
        const next = waiting.shift()
        if (next) next(box)
        else free.push(box)
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(boxes.map((box) => box.remove()))
      pipe.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

type Box = { solve(job: Assignment): Promise<Solved>; remove(): Promise<void> }

function startBox(folder: string): Box {
  const name = `vitrine-solver-${randomUUID().slice(0, 8)}`
  const mount = ['-v', `${folder}:${linkDir}:ro`, '--entrypoint', 'tini']
  const command = ['--', 'node', `${linkDir}/solver.mjs`]
  const child = spawn('docker', ['run', '-i', '--name', name, ...hardening, ...mount, image, ...command], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    async solve(job) {
      child.stdin.write(`${JSON.stringify(job)}\n`)
      const answer = await answers.next()
      if (answer.done) throw new Error(`The sandbox ended while it worked on: ${job.task}`)
      return JSON.parse(answer.value) as Solved
    },
    async remove() {
      const gone = once(child, 'close')
      await docker('rm', '-f', name)
      await gone
    },
  }
}

/** A Unix socket that leads to an address. */
async function pipeTo({ hostname, port }: URL, path: string) {
  const server = createServer((from) => {
    const to = connect(Number(port), hostname)
    from.on('error', () => to.destroy()).pipe(to)
    to.on('error', () => from.destroy()).pipe(from)
  })
  server.listen(path)
  await once(server, 'listening')
  await chmod(path, 0o666)
  return server
}
