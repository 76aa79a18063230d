import { command, usage, type Command } from '../command.ts'
import { CliError, exitCodes } from '../exit.ts'
import { harmlessJson } from '../harmless.ts'
import { table } from '../table.ts'

/** Makes `help`, which tells of all commands, itself among them. */
export function helpOn(others: readonly Command[]): Command {
  const help = command({
    name: 'help',
    summary: 'Shows this, or the help of one command.',
    arguments: '[command]',
    options: {},
    run: async ({ values, positionals: [name] }, { out }) => {
      const all = [...others, help]
      if (values.json === true)
        out(`${harmlessJson(name === undefined ? all.map(described) : described(named(name, all)), 2)}\n`)
      else out(name === undefined ? overview(all) : usage(named(name, all)))
      return 0
    },
  })
  return help
}

/** What programs read: a command without what runs it. */
const described = ({ run: _, ...about }: Command) => about

function overview(commands: readonly Command[]): string {
  const entries = commands.map(({ name, arguments: words, summary }) =>
    entry(`  ${`${name} ${words}`.trim()}`, summary),
  )
  const aliases = commands.flatMap((command) =>
    Object.keys(command.aliases).map((alias) => `${alias}=${command.name}`),
  )
  const codes = Object.values(exitCodes).map(({ code, meaning }) => [`  ${code}`, meaning])
  return [
    'Vitrine runs AI coding jobs in watchable desktops, on your own hardware.',
    '',
    'Usage: ./vitrine <command> [arguments] [options]      ./vitrine <command> --help tells more',
    '',
    ...entries,
    '',
    'Every command takes --json. A job’s id may be cut short where it stays unique.',
    ...wrapped(`Older names: ${aliases.join(', ')}`, lineWidth),
    '',
    'Exit codes:',
    table(codes).trimEnd(),
    '',
    'VITRINE_STATE_DIR (default ~/.vitrine) is where the server stores; VITRINE_URL and VITRINE_TOKEN name another server;',
    'NO_COLOR turns colours off.',
    '',
  ].join('\n')
}

const lineWidth = 100
const nameWidth = 24

/** A name and what it means, beside each other; a long name has a line of its own. */
function entry(name: string, meaning: string): string {
  const [first = '', ...rest] = wrapped(meaning, lineWidth - nameWidth)
  const isLong = name.length > nameWidth - 2
  const lines = isLong ? [name, first, ...rest] : [name.padEnd(nameWidth) + first, ...rest]
  return lines.map((line, n) => (n === 0 ? line : ' '.repeat(nameWidth) + line)).join('\n')
}

function wrapped(text: string, width: number): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = `${lines.at(-1)} ${word}`.trimStart()
    if (line.length <= width) lines[lines.length - 1] = line
    else lines.push(word)
  }
  return lines
}

function named(name: string, commands: readonly Command[]): Command {
  const found = commands.find((command) => command.name === name || name in command.aliases)
  if (!found) throw new CliError('usage', `there is no command ${JSON.stringify(name)}; see ./vitrine help`)
  return found
}
