import { readFile } from 'node:fs/promises'
import type { NewJobInput } from '@vitrine/contract/job.ts'
import { CliError } from './exit.ts'
import { decode, unreadable } from './text.ts'

/** The options that say what decides about a program. */
export const checkOptions = {
  'check-stdout': { type: 'string', value: 'text', help: 'what the program must print' },
  'check-tests': {
    type: 'string',
    value: 'file',
    help: 'a pytest file that must pass; it imports `program`',
  },
  'check-command': {
    type: 'string',
    value: 'words',
    help: 'a command that must end with 0, split at blanks or a JSON list; {program} is the program’s path',
  },
} as const

/** The check that they ask for, if any. */
export async function readCheck(values: {
  'check-stdout'?: string
  'check-tests'?: string
  'check-command'?: string
}): Promise<Pick<NewJobInput, 'check'>> {
  const { 'check-stdout': stdout, 'check-tests': tests, 'check-command': words } = values
  if ([stdout, tests, words].filter((one) => one !== undefined).length > 1) {
    throw new CliError('usage', 'give one check: --check-stdout, --check-tests or --check-command')
  }
  if (stdout !== undefined) return { check: { stdout } }
  if (words !== undefined) return { check: { command: commandWords(words) } }
  if (tests === undefined) return {}
  return { check: { tests: decode(await readFile(tests).catch(unreadable(tests)), tests) } }
}

function commandWords(text: string): string[] {
  if (!text.trimStart().startsWith('[')) return text.split(/\s+/).filter((word) => word !== '')
  try {
    return JSON.parse(text) as string[]
  } catch (error) {
    throw new CliError('usage', `--check-command is not a JSON list: ${(error as Error).message}`)
  }
}
