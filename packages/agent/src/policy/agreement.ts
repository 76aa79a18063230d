import type { Tried } from './tried.ts'

/** Of so many that ran, no two of which print the same, the first is taken. */
const mostThatRan = 4

/**
 * Whether a job without a check has enough candidates. That a program runs doesn't say that it is right; that two print the
 * same makes it likelier (docs/decisions/0007-agreement.md). A window or a server can't be compared: the first is enough.
 */
export function isSettled(row: readonly Tried[]): boolean {
  const those = row.filter(ran)
  return those.length >= mostThatRan || those.some(serves) || those.some((tried) => agreeing(tried, row) > 0)
}

/** How many other candidates ran and printed the same; printing nothing agrees with nothing. */
export function agreeing(tried: Tried, row: readonly Tried[]): number {
  const printed = printedBy(tried)
  return printed === '' ? 0 : row.filter((other) => other !== tried && printedBy(other) === printed).length
}

/** What a candidate that ran printed, apart from blanks at line ends. */
export function printedBy(tried: Tried): string {
  const stdout = ran(tried) ? (tried.judgement?.run?.stdout ?? '') : ''
  return stdout.replace(/[ \t]+$/gm, '').trim()
}

const ran = ({ judgement }: Tried) => judgement?.passed === true
const serves = ({ judgement }: Tried) => judgement?.run?.how === 'left running'
