import { egressPorts } from '@vitrine/contract/egress.ts'

/** One host as the contract's `EgressHost` writes it. */
export type Rule = { text: string; name: string; below: boolean; port: number | null }

export function parseRule(text: string): Rule {
  const [host = '', port] = text.split(':')
  const below = host.startsWith('*.')
  return { text, name: below ? host.slice(2) : host, below, port: port === undefined ? null : Number(port) }
}

/** Whether a rule is about this host; what it says of ports is `hasPort`’s. */
export const isAbout = (rule: Rule, host: string): boolean =>
  rule.below ? host.endsWith(`.${rule.name}`) : host === rule.name

export const hasPort = (rule: Rule, port: number): boolean =>
  rule.port === null ? egressPorts.includes(port) : rule.port === port

/** Whether all that `wanted` lets through is let through by `permitted` too. */
export function covers(permitted: Rule, wanted: Rule): boolean {
  const isName = wanted.below
    ? permitted.below && `.${wanted.name}`.endsWith(`.${permitted.name}`)
    : isAbout(permitted, wanted.name)
  const ports = wanted.port === null ? egressPorts : [wanted.port]
  return isName && ports.every((port) => hasPort(permitted, port))
}
