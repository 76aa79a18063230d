import { readFile } from 'node:fs/promises'
import { limits } from '@vitrine/contract/limits.ts'

/** How often the kernel has refused a sandbox something: it ended processes for want of memory, or let none be started. */
export type Shortages = { memory: number; processes: number }

/** Where control groups of version 2 count, and those of version 1. */
const counts = {
  memory: [
    ['/sys/fs/cgroup/memory.events', /^oom_kill (\d+)$/m],
    ['/sys/fs/cgroup/memory/memory.oom_control', /^oom_kill (\d+)$/m],
  ],
  processes: [
    ['/sys/fs/cgroup/pids.events', /^max (\d+)$/m],
    ['/sys/fs/cgroup/pids/pids.events', /^max (\d+)$/m],
  ],
} as const

/**
 * What the kernel has counted since the sandbox began; it counts before a program notices. 0 where it does not tell, as
 * in gVisor. See `memory.events`, `pids.events` and `memory.oom_control` in the kernel's documentation of cgroups.
 */
export async function countShortages(): Promise<Shortages> {
  const [memory, processes] = await Promise.all([counted(counts.memory), counted(counts.processes)])
  return { memory, processes }
}

/** What a program lacked between two counts; null where it was nothing. */
export function lackedSince(before: Shortages, after: Shortages): keyof Shortages | null {
  if (after.memory > before.memory) return 'memory'
  return after.processes > before.processes ? 'processes' : null
}

/** What a sandbox has of it, in words. */
export const most = (lacked: keyof Shortages, memoryMiB: number): string =>
  lacked === 'memory' ? `${memoryMiB} MiB of memory` : `${limits.pids} processes`

async function counted(places: readonly (readonly [string, RegExp])[]): Promise<number> {
  for (const [path, count] of places) {
    const text = await readFile(path, 'utf8').catch(() => null)
    if (text !== null) return Number(count.exec(text)?.[1] ?? 0)
  }
  return 0
}
