import { readFile } from 'node:fs/promises'

/** Where the kernel counts them: control groups of version 2, and of version 1. */
const counts = ['/sys/fs/cgroup/memory.events', '/sys/fs/cgroup/memory/memory.oom_control']

/**
 * How many of the sandbox's processes the kernel has ended for want of memory; it counts one before it ends it. 0 where it
 * does not tell, as in gVisor. See `oom_kill` in the kernel's cgroup-v2 and cgroup-v1/memory documentation.
 */
export async function memoryKills(): Promise<number> {
  for (const path of counts) {
    const text = await readFile(path, 'utf8').catch(() => null)
    if (text !== null) return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0)
  }
  return 0
}
