import { parseArgs } from 'node:util'
import type { Context } from './context.ts'
import { CliError } from './exit.ts'

type Option = {
  type: 'string' | 'boolean'
  short?: string
  multiple?: boolean
  /** What `help` says; for a string, `value` names what to write. */
  help: string
  value?: string
}
type Options = Record<string, Option>

const common = {
  json: { type: 'boolean', help: 'print JSON' },
  help: { type: 'boolean', short: 'h', help: 'show this help' },
} as const satisfies Options

type Values<O extends Options> = ReturnType<
  typeof parseArgs<{ options: O & typeof common; allowPositionals: true }>
>['values']

export type Command = {
  name: string
  /** Other names, each with the arguments that it stands for. */
  aliases: Readonly<Record<string, readonly string[]>>
  summary: string
  /** As in usage lines: `<needed>`, `[optional]`, `...` after what may be repeated. */
  arguments: string
  options: Options
  /** Parses the arguments and runs. Gives the exit code. */
  run: (argv: readonly string[], context: Context) => Promise<number>
}

type Definition<O extends Options> = Omit<Command, 'run' | 'aliases' | 'options'> & {
  aliases?: Command['aliases']
  options: O
  run: (input: { values: Values<O>; positionals: string[] }, context: Context) => Promise<number>
}

/** Makes a command of its definition: one truth for parsing and for help. */
export function command<const O extends Options>(definition: Definition<O>): Command {
  const options = { ...definition.options, ...common }
  const made: Command = {
    ...definition,
    aliases: definition.aliases ?? {},
    options,
    run: async (argv, context) => {
      const { values, positionals } = parse(made, () =>
        parseArgs({ args: [...argv], options, allowPositionals: true }),
      )
      if ('help' in values && values.help === true) {
        context.out(usage(made))
        return 0
      }
      checkCount(made, positionals)
      return definition.run({ values, positionals }, context)
    },
  }
  return made
}

/** The help of one command. */
export function usage(command: Command): string {
  const rows = Object.entries(command.options).map(([name, option]) => {
    const short = option.short === undefined ? '    ' : `-${option.short}, `
    const value = option.type === 'string' ? ` <${option.value ?? 'value'}>` : ''
    return [`${short}--${name}${value}`, option.help] as const
  })
  const width = Math.max(...rows.map(([flag]) => flag.length))
  const aliases = Object.entries(command.aliases).map(([name, args]) =>
    args.length === 0 ? name : `${name} (= ${[command.name, ...args].join(' ')})`,
  )
  return [
    `Usage: ./vitrine ${[command.name, command.arguments].join(' ').trim()} [options]`,
    command.summary,
    '',
    ...rows.map(([flag, help]) => `  ${flag.padEnd(width)}  ${help}`),
    ...(aliases.length > 0 ? ['', `Also known as: ${aliases.join(', ')}`] : []),
    '',
  ].join('\n')
}

function parse<T>(command: Command, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof TypeError) || !('code' in error)) throw error
    throw new CliError('usage', `${wrongOption(error)}\nSee ./vitrine ${command.name} --help`, {
      cause: error,
    })
  }
}

/** Node's words tell programmers what went wrong; these tell what to write. */
function wrongOption({ message }: Error): string {
  const option = /'(?:-., )?(-[^' ,]+)/.exec(message)?.[1]
  if (option === undefined) return message
  if (message.startsWith('Unknown')) {
    return `there is no option ${option}; text that begins with a dash goes after --`
  }
  if (message.includes('not take')) return `${option} takes no value`
  return `${option} needs a value; one that begins with a dash is written ${option}=-…`
}

function checkCount(command: Command, positionals: readonly string[]): void {
  const words = command.arguments.split(' ').filter((word) => word !== '')
  const needed = words.filter((word) => word.startsWith('<')).length
  const most = words.some((word) => word.endsWith('...')) ? Infinity : words.length
  if (positionals.length >= needed && positionals.length <= most) return
  const problem =
    positionals.length < needed
      ? `${words[positionals.length]} is missing`
      : `there is one argument too many, ${JSON.stringify(positionals[most])}; put text with blanks in quotes`
  throw new CliError('usage', `${problem}\n${usage(command).split('\n')[0]}`)
}
