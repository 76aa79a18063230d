/**
 * The last things that a server wrote into its log, for a person: what JSON lines say in words, other lines as they
 * are, each only once in a row.
 */
export function lastWords(log: string, count: number): string {
  const lines = log.trimEnd().split('\n').map(inWords)
  return lines
    .filter((line, i) => line !== '' && line !== lines[i - 1])
    .slice(-count)
    .map((line) => `  ${line.slice(0, 300)}`)
    .join('\n')
}

function inWords(line: string): string {
  if (!line.startsWith('{')) return line
  try {
    const { msg = '', error, err } = JSON.parse(line) as { msg?: string; error?: Said; err?: Said }
    const cause = error?.message ?? err?.message
    return cause === undefined ? msg : `${msg}: ${cause}`
  } catch {
    return line
  }
}

type Said = { message?: string }
