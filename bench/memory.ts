import { readFile } from 'node:fs/promises'
import { docker } from './docker.ts'
import { startModel, task } from './model.ts'
import { startServer } from './server.ts'
import type { Figure } from './table.ts'

const jobs = 5

/** What the server holds after some jobs, a sandbox that waits, and one whose job has ended with its four programs open. */
export async function benchMemory(): Promise<Figure[]> {
  await using model = await startModel()
  await using server = await startServer(model.url, 1)
  const waiting: number[] = []
  const open: number[] = []
  for (let n = 0; n < jobs; n++) {
    const [sandbox] = await server.sandboxes()
    waiting.push(await containerMemory(sandbox!))
    const job = await server.vitrine.jobs.create({ task })
    const { state } = await server.vitrine.jobs.wait(job.id)
    if (state !== 'succeeded') throw new Error(`The job of the benchmark ${state}.`)
    open.push(await containerMemory(sandbox!))
    await server.clear()
  }
  const { resident, proportional } = await processMemory(server.pid)
  return [
    { what: `server after ${jobs} jobs, resident (VmRSS)`, values: [resident], unit: ' MB', goal: 150 },
    { what: `server after ${jobs} jobs, its share of pages (PSS)`, values: [proportional], unit: ' MB' },
    { what: 'a waiting sandbox', values: waiting, unit: ' MiB', goal: 70 },
    { what: 'a sandbox with its four programs open', values: open, unit: ' MiB', goal: 110 },
  ]
}

/** proc(5): megabytes that a process holds in memory, and what is left of them when shared pages are divided among their users. */
export async function processMemory(pid: number): Promise<{ resident: number; proportional: number }> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8')
  const field = (name: string) =>
    (Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(rollup)![1]) * 1024) / 1e6
  return { resident: field('Rss'), proportional: field('Pss') }
}

const inMiB = { KiB: 1 / 1024, MiB: 1, GiB: 1024 } as const

/** The figure of `docker stats`: memory charged to the container, without file pages that it has not used lately. */
async function containerMemory(name: string): Promise<number> {
  const [used = ''] = await docker('stats', '--no-stream', '--format', '{{.MemUsage}}', name)
  const [, number, unit] = /^([\d.]+)(KiB|MiB|GiB) /.exec(used) ?? []
  if (unit === undefined) throw new Error(`docker stats says ${JSON.stringify(used)} of ${name}.`)
  return Number(number) * inMiB[unit as keyof typeof inMiB]
}
