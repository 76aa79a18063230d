import { commands } from './commands.ts'
import type { Context } from './context.ts'
import { CliError, ending, exitCodes } from './exit.ts'

/** Runs one command line. Errors become a message on standard error and an exit code. */
export async function cli(argv: readonly string[], context: Context): Promise<number> {
  try {
    const [name = 'help', ...rest] = argv
    const { command, preset } = find(name)
    return await command.run([...preset, ...rest], context)
  } catch (error) {
    if (context.signal.aborted) return exitCodes.interrupted.code
    const { code, message } = ending(error)
    context.note(`vitrine: ${message}\n`)
    return code
  }
}

const flags: Readonly<Record<string, string>> = { '--help': 'help', '-h': 'help', '--version': 'version' }

function find(given: string) {
  const name = flags[given] ?? given
  for (const command of commands) {
    if (command.name === name) return { command, preset: [] }
    const preset = Object.entries(command.aliases).find(([alias]) => alias === name)?.[1]
    if (preset) return { command, preset }
  }
  throw new CliError('usage', `there is no command ${JSON.stringify(given)}; see ./vitrine help`)
}
