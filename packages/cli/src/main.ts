import { connect } from './connection.ts'
import { cli } from './cli.ts'
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

process.exitCode = await cli(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  note: (text) => process.stderr.write(text),
  report: reportTo(process.stderr),
  terminal,
  colors: terminal && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb',
  stdin: process.stdin,
  environment,
  connect: () => connect(environment, stateDir),
  stateDir,
  signal: interrupt.signal,
})
