import { CliError } from './exit.ts'

const units: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 }

/** Reads `90`, `90s`, `15m`, `2h` or `1d` as seconds. */
export function seconds(name: string, text: string): number {
  const [, digits, unit = ''] = /^(\d{1,9})([smhd]?)$/.exec(text) ?? []
  if (digits === undefined)
    throw new CliError('usage', `${name} must be a time such as 90, 15m or 2h, not ${text}`)
  return Number(digits) * (units[unit] ?? 1)
}

/** Reads a number, so that the server can say whether it is within the limits. */
export function number(name: string, text: string): number {
  if (!/^\d{1,9}(\.\d{1,9})?$/.test(text))
    throw new CliError('usage', `${name} must be a number, not ${text}`)
  return Number(text)
}
