import { CliError } from './exit.ts'

/** Reads `key=value` words. */
export function labels(words: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(
    words.map((word) => {
      const [, key, value] = /^([^=]+)=(.*)$/s.exec(word) ?? []
      if (key === undefined || value === undefined) {
        throw new CliError('usage', `--label must be key=value, not ${word}`)
      }
      return [key, value]
    }),
  )
}
