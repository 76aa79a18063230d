import type { MadeToken, Token } from '@vitrine/sdk/tokens.ts'
import { command } from '../command.ts'
import { CliError } from '../exit.ts'
import { harmlessJson, oneLine } from '../harmless.ts'
import { seconds } from '../seconds.ts'
import { table } from '../table.ts'

const wrongUse =
  'write ./vitrine tokens, ./vitrine tokens create <name>, or ./vitrine tokens revoke <id>, such as tok-0123456789ab'

export const tokens = command({
  name: 'tokens',
  summary:
    'Lists the API tokens of programs; `tokens create <name>` makes one and shows it this once, `tokens revoke <id>` ends one.',
  arguments: '[create|revoke] [name|id]',
  options: {
    for: {
      type: 'string',
      value: 'time',
      help: 'how long a new token is good, such as 30d; else until revoked',
    },
  },
  run: async ({ values, positionals: [verb, given] }, { connect, out, note, signal }) => {
    const json = values.json === true
    if (verb === undefined) {
      const all = await (await connect()).tokens.list({ signal })
      if (json) out(`${harmlessJson(all, 2)}\n`)
      else if (all.length === 0) note('There are no API tokens.\n')
      else out(table([['ID', 'NAME', 'MADE', 'GOOD UNTIL', 'USED'], ...all.map(row)]))
      return 0
    }
    if (given === undefined || (verb !== 'create' && verb !== 'revoke')) throw new CliError('usage', wrongUse)
    if (verb === 'revoke') {
      await (await connect()).tokens.delete(given, { signal })
      if (json) out(`${harmlessJson({ revoked: given })}\n`)
      else note(`${oneLine(given)} is revoked.\n`)
      return 0
    }
    const time = values.for === undefined ? undefined : seconds('--for', values.for)
    const made = await (await connect()).tokens.create(given, { seconds: time, signal })
    out(json ? `${harmlessJson(made, 2)}\n` : `${made.token}\n`)
    if (!json) note(shownOnce(made))
    return 0
  },
})

const row = ({ id, name, createdAt, expiresAt, usedAt }: Token) => [
  id,
  oneLine(name),
  createdAt,
  expiresAt ?? 'it is revoked',
  usedAt ?? 'never',
]

const shownOnce = ({ id, expiresAt }: MadeToken) =>
  `This is ${id}, shown only now. It is good until ${expiresAt ?? 'it is revoked'}: ./vitrine tokens revoke ${id}\n`
