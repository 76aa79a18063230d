import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { docker } from './testbed/containers.ts'

const bench = join(import.meta.dirname, '../bench')

/** A benchmark with a server of its own, one without any, and nothing else to do. */
const program = `
  import { startServer } from ${JSON.stringify(join(bench, 'server.ts'))}
  import { runAlone } from ${JSON.stringify(join(bench, 'alone.ts'))}
  const server = await startServer('http://127.0.0.1:9', 1)
  const [sandbox] = await server.sandboxes()
  console.log(JSON.stringify({ sandbox, stateDir: server.stateDir }))
  for (;;) await runAlone('http://127.0.0.1:9', AbortSignal.timeout(60_000))`

test.each(['SIGINT', 'SIGTERM'] as const)(
  'a benchmark that is ended by %s leaves no container, no process and no folder',
  async (signal) => {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exited = once(child, 'exit')
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
    const { sandbox, stateDir } = JSON.parse(line) as { sandbox: string; stateDir: string }
    child.kill(signal)
    expect(await exited).toEqual([130, null])
    expect(await docker('ps', '--all', '--quiet', '--filter', `name=${sandbox}`)).toBe('')
    await expect(access(stateDir)).rejects.toThrow('ENOENT')
  },
)
