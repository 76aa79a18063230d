import { command, usage, type Command } from '../command.ts'
import { CliError, exitCodes } from '../exit.ts'
import { table } from '../table.ts'

/** Makes `help`, which tells of all commands, itself among them. */
export function helpOn(others: readonly Command[]): Command {
  const help = command({
    name: 'help',
    summary: 'Shows this, or the help of one command.',
    arguments: '[command]',
    options: {},
    run: async ({ positionals: [name] }, { out }) => {
      out(name === undefined ? overview([...others, help]) : usage(named(name, [...others, help])))
      return 0
    },
  })
  return help
}

function overview(commands: readonly Command[]): string {
  const rows = commands.map(({ name, arguments: words, summary }) => [
    `  ${`${name} ${words}`.trim()}`,
    summary,
  ])
  const aliases = commands.flatMap((command) =>
    Object.keys(command.aliases).map((alias) => `${alias} = ${command.name}`),
  )
  const codes = Object.values(exitCodes).map(({ code, meaning }) => [`  ${code}`, meaning])
  return [
    'Vitrine runs AI coding jobs in watchable desktops, on your own hardware.',
    '',
    'Usage: ./vitrine <command> [arguments] [options]      ./vitrine <command> --help tells more',
    '',
    table(rows).trimEnd(),
    '',
    'Every command takes --json. A job’s id may be cut short where it stays unique.',
    `Older names: ${aliases.join(', ')}`,
    '',
    'Exit codes:',
    table(codes).trimEnd(),
    '',
    'VITRINE_STATE_DIR (default ~/.vitrine) is where the server stores; VITRINE_URL and VITRINE_TOKEN name another server;',
    'NO_COLOR turns colours off.',
    '',
  ].join('\n')
}

function named(name: string, commands: readonly Command[]): Command {
  const found = commands.find((command) => command.name === name || name in command.aliases)
  if (!found) throw new CliError('usage', `there is no command ${JSON.stringify(name)}; see ./vitrine help`)
  return found
}
