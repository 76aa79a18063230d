const words: Readonly<Record<string, readonly [word: string, unit: string]>> = {
  seconds: ['Work time', 's'],
  desktopSeconds: ['Desktop stays after the work', 's'],
  memoryMiB: ['Memory', 'MiB'],
  cpus: ['Processors', ''],
  candidates: ['Programs to try', ''],
  modelCalls: ['Model calls', ''],
  tokensIn: ['Tokens to read', ''],
  tokensOut: ['Tokens to write', ''],
  concurrentCalls: ['Model calls at once', ''],
}

/** A job’s limit in words; its name where there are none. */
export const limitWord = (name: string): string => words[name]?.[0] ?? name

/** What it is counted in; empty for plain numbers. */
export const limitUnit = (name: string): string => words[name]?.[1] ?? ''
