import type { IncomingMessage } from 'node:http'
import { hostName } from '@vitrine/contract/egress.ts'

export type Target = { host: string; port: number; path: string }

/** What a request asks for cannot be: `host` is what it said, for the ledger. */
export type NoTarget = { host: string; why: string }

const longestShown = 253

/**
 * Reads whom a proxy request is for: the authority form of CONNECT, or the absolute form of the other methods (RFC 9112, 3.2).
 * By the letter and not by a URL parser, which would make an address of `2130706433` and a host of what follows an `@`.
 */
export function targetOf(method: string, url: string): Target | NoTarget {
  if (method === 'CONNECT') return authority(url, null, '')
  const [, scheme = '', rest = '', path = ''] = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^#]*)/i.exec(url) ?? []
  if (scheme.toLowerCase() === 'http') return authority(rest, 80, path.startsWith('/') ? path : `/${path}`)
  const why =
    scheme.toLowerCase() === 'https' ? 'https needs CONNECT' : 'only http and https can be asked for'
  return { host: shown(scheme === '' ? url : rest), why }
}

/** The absolute form of a request's target is a proxy's (RFC 9112, 3.2.2). */
export const isForProxy = ({ url = '' }: IncomingMessage): boolean => /^[a-z][a-z0-9+.-]*:/i.test(url)

function authority(text: string, usualPort: number | null, path: string): Target | NoTarget {
  const refuse = (why: string): NoTarget => ({ host: shown(text), why })
  if (text.includes('@')) return refuse('the name of a user stands before the host')
  const [, host = '', digits] = /^(.*?)(?::(\d{1,5}))?$/s.exec(text) ?? []
  const name = host.toLowerCase()
  const port = digits === undefined ? usualPort : Number(digits)
  if (name.endsWith('.')) return refuse('the host ends with a dot')
  if (!hostName.test(name)) return refuse('this is not the name of a host; addresses are not reached')
  if (port === null || port < 1 || port > 65_535) return refuse('the port is missing, or is no port')
  return { host: name, port, path }
}

const shown = (text: string) => text.toLowerCase().slice(0, longestShown)
