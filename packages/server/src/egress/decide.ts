import type { Reach } from './attempt.ts'
import { Refusal } from './refusal.ts'
import { hasPort, isAbout, parseRule, type Rule } from './rules.ts'
import type { Target } from './target.ts'

/** Hosts that the operator lets jobs reach. */
export type Permitted = 'any' | readonly Rule[]

/** Throws a Refusal where the job did not ask for the host and port, or the operator does not permit them. */
export function decide({ host, port }: Target, { hosts, isOver }: Reach, permitted: Permitted): void {
  if (isOver) throw new Refusal(403, 'the job has ended')
  requireRule(hosts.map(parseRule), host, port, 'the job did not ask for')
  if (permitted !== 'any') requireRule(permitted, host, port, 'the operator does not permit')
}

function requireRule(rules: readonly Rule[], host: string, port: number, whoRefuses: string): void {
  const about = rules.filter((rule) => isAbout(rule, host))
  if (about.length === 0) throw new Refusal(403, `${whoRefuses} this host`)
  if (!about.some((rule) => hasPort(rule, port))) throw new Refusal(403, `${whoRefuses} port ${port}`)
}
