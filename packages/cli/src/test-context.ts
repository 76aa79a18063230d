import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { RouteId } from '@vitrine/contract/routes.ts'
import { startTestServer, type Handler } from '@vitrine/sdk/test-server.ts'
import { cli } from './cli.ts'
import { connect } from './connection.ts'
import { reportTo } from './report.ts'

/** A command line with a server of its own and a folder of its own, in this process. */
export async function startTestCli(
  handlers: Partial<Record<RouteId, Handler>> = {},
  /** Another one than its own. */
  stateDir?: string,
) {
  const server = await startTestServer(handlers)
  const folder = await mkdtemp(join(tmpdir(), 'vitrine-cli-'))
  const own = { VITRINE_URL: server.url, VITRINE_TOKEN: 'secret' }
  return {
    ...server,
    folder,
    /** Runs one command line; gives its exit code and what it wrote. */
    run: async (
      argv: readonly string[],
      options: { stdin?: Uint8Array; signal?: AbortSignal; environment?: Record<string, string> } = {},
    ) => {
      const { environment = own } = options
      const written = { out: '', note: '' }
      const code = await cli(argv, {
        out: (text) => (written.out += String(Buffer.from(text as string))),
        drained: async () => {},
        note: (text) => (written.note += text),
        report: reportTo({ write: (text) => (written.note += text) }),
        terminal: false,
        colors: false,
        tty: null,
        stdin: Readable.from(options.stdin ? [options.stdin] : []),
        environment,
        connect: () => connect(environment, folder),
        stateDir: stateDir ?? folder,
        signal: options.signal ?? new AbortController().signal,
      })
      return { code, ...written }
    },
    [Symbol.asyncDispose]: async () => {
      await server.close()
      await rm(folder, { recursive: true })
    },
  }
}
