import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { cleanUp } from './clean-up.ts'

export type Child = AsyncDisposable & {
  pid: number
  /** The first line that it printed. */
  told: string
  /** The next line that it prints. */
  next(): Promise<string>
  /** Sends a line of JSON, and gets the next one that it prints. */
  ask(question: object): Promise<unknown>
  /** Milliseconds of processor time that it has taken so far. */
  processorTime(): Promise<number>
}

/** A program of the benchmarks, by its path below this folder, in a process of its own, from its first line until it is disposed of. */
export async function startChild(file: string, ...argv: string[]): Promise<Child> {
  const child = spawn(process.execPath, [join(import.meta.dirname, file), ...argv], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const died = exited.then(([code]) => {
    throw new Error(`${file} ended with ${String(code)} before it was ready`)
  })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const next = async () => String((await Promise.race([lines.next(), died])).value)
  const told = await next()
  died.catch(() => {})
  return {
    pid: child.pid!,
    told,
    next,
    async ask(question) {
      child.stdin.write(`${JSON.stringify(question)}\n`)
      return JSON.parse(await next())
    },
    processorTime: () => processorTime(child.pid!),
    [Symbol.asyncDispose]: cleanUp(async () => {
      // The server ends with its input, and takes its sandboxes with it.
      child.stdin.end()
      if (file !== 'gateway/server.ts') child.kill()
      await exited
    }),
  }
}

/** proc(5): milliseconds, in ticks of ten, that a process has taken itself and the kernel for it. */
export async function processorTime(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')')).split(' ')
  return 10 * (Number(fields[12]) + Number(fields[13]))
}
