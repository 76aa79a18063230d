import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import type { Context } from './context.ts'
import { CliError } from './exit.ts'

/** A text as an argument, on standard input (`-`), or in a file; `what` names it, and its `--<what>-file`. */
export async function readText(
  what: string,
  given: string | undefined,
  file: string | undefined,
  context: Context,
): Promise<string> {
  if (given !== undefined && file !== undefined) {
    throw new CliError('usage', `give the ${what} as an argument or with --${what}-file, not both`)
  }
  const source = file ?? (given === '-' ? '-' : undefined)
  if (source === undefined) {
    if (given === undefined)
      throw new CliError(
        'usage',
        `the ${what} is missing; give it in quotes, or - to read it from standard input`,
      )
    return given
  }
  const bytes =
    source === '-' ? await buffer(context.stdin) : await readFile(source).catch(unreadable(source))
  return decode(bytes, source)
}

export function decode(bytes: Uint8Array, source: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (error) {
    throw new CliError('usage', `${source} is not UTF-8 text`, { cause: error })
  }
}

export const unreadable = (file: string) => (error: Error) => {
  throw new CliError('usage', `${file} cannot be read: ${error.message}`, { cause: error })
}
