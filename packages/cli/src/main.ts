import { once } from 'node:events'
import { connect } from './connection.ts'
import { cli } from './cli.ts'
import type { Tty } from './context.ts'
import { reportTo } from './report.ts'
import { stateDirectory } from './state.ts'

const interrupt = new AbortController()
process.once('SIGINT', () => {
  interrupt.abort(new Error('interrupted'))
  // The second one ends a command that does not listen.
  process.once('SIGINT', () => process.exit(130))
})
// Whoever reads our output (`| head`) may have seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})

const environment = process.env
const terminal = process.stdout.isTTY
const stateDir = stateDirectory(environment)
const tty: Tty = {
  size: () => ({ columns: process.stdout.columns, rows: process.stdout.rows }),
  raw: (isRaw) => void process.stdin.setRawMode(isRaw),
  onResize: (call) => void process.stdout.on('resize', call),
}

process.exitCode = await cli(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  drained: async () => {
    if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain')
  },
  note: (text) => process.stderr.write(text),
  report: reportTo(process.stderr),
  terminal,
  colors: terminal && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb',
  stdin: process.stdin,
  tty: terminal && process.stdin.isTTY ? tty : null,
  environment,
  connect: () => connect(environment, stateDir),
  stateDir,
  signal: interrupt.signal,
})
