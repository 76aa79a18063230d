import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import type { IncomingHttpHeaders } from 'node:http'
import { join } from 'node:path'
import { VitrineError } from '@vitrine/contract/error.ts'
import { now } from '../clock.ts'
import type { Pass } from './passes.ts'

const cookieName = 'vitrine_session'
const sessionSeconds = 30 * 24 * 3600
const codeMilliseconds = 10 * 60 * 1000
const maxCodes = 1000

export type AccessOptions = {
  token: string
  /** Null where a token that is not the server’s own is no good API token. */
  openToken: (token: string) => Promise<Pass | null>
  publicUrl: URL
  /** Host names, in lower case, that are this server's besides `publicUrl`'s and this machine's own. */
  allowedHosts: readonly string[]
}

/**
 * The owner comes with the server’s own token, which is good as long as the server runs, or a session; a program with an
 * API token that the owner made.
 */
export type Caller = { who: 'owner' | 'program'; pass: Pass | null }

/**
 * Who may come in. A request is let in with a token (`Authorization: Bearer`, RFC 6750) or with the session cookie
 * that a sign-in link gave; and only for a host, and from an origin, that is this server's own.
 */
export class Access {
  readonly #options: AccessOptions
  readonly #hosts: ReadonlySet<string>
  /** Codes of sign-in links, and until when each is good. */
  readonly #codes = new Map<string, number>()

  constructor(options: AccessOptions) {
    this.#options = options
    this.#hosts = new Set([...localNames, options.publicUrl.hostname, ...options.allowedHosts])
  }

  /** Throws `forbidden` or `unauthorized` where the request may not pass. */
  async check(method: string, headers: IncomingHttpHeaders): Promise<Caller> {
    this.checkAddress(method, headers)
    const caller = await this.callerOf(headers)
    if (!caller) {
      throw new VitrineError('unauthorized', 'Sign in, or send the token as `Authorization: Bearer …`.')
    }
    return caller
  }

  /** A foreign Host is a rebinding attack, a foreign Origin a cross-site one. */
  checkAddress(method: string, { host, origin, 'sec-fetch-site': site }: IncomingHttpHeaders): void {
    const hostname = host && URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : ''
    if (!this.#hosts.has(hostname)) {
      throw new VitrineError(
        'forbidden',
        `This server is not ${JSON.stringify(host ?? '')}; set VITRINE_PUBLIC_URL or VITRINE_ALLOWED_HOSTS.`,
      )
    }
    if (origin !== undefined && !this.#isOwnOrigin(origin, host!)) {
      throw new VitrineError('forbidden', 'Requests from other origins are refused.')
    }
    const safe = method === 'GET' || method === 'HEAD'
    if (!safe && site !== undefined && site !== 'same-origin' && site !== 'none') {
      throw new VitrineError('forbidden', 'Requests from other sites are refused.')
    }
  }

  /** Null for nobody whom the server knows. */
  async callerOf(headers: IncomingHttpHeaders): Promise<Caller | null> {
    const bearer = /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1]
    if (bearer === undefined) {
      const pass = this.#session(headers)
      return pass && { who: 'owner', pass }
    }
    if (same(bearer, this.#options.token)) return { who: 'owner', pass: null }
    const pass = await this.#options.openToken(bearer)
    return pass && { who: 'program', pass }
  }

  #session({ cookie }: IncomingHttpHeaders): Pass | null {
    const session = new RegExp(`(?:^|; *)${cookieName}=([^;]+)`).exec(cookie ?? '')?.[1]
    if (session === undefined) return null
    const [until = '', signature = ''] = session.split('.')
    if (!same(signature, this.#sign(until)) || Number(until) <= now()) return null
    return { kind: 'session', id: signature, endsAt: Number(until) }
  }

  /** A link that signs a browser in once within ten minutes, and leads on to `next`. */
  signInLink(next: string): string {
    for (const [code, until] of this.#codes) {
      if (until < now() || this.#codes.size >= maxCodes) this.#codes.delete(code)
    }
    const code = randomBytes(24).toString('base64url')
    this.#codes.set(code, now() + codeMilliseconds)
    const url = new URL('sign-in', this.#options.publicUrl)
    url.search = new URLSearchParams({ code, ...(next !== '/' && { next }) }).toString()
    return url.href
  }

  /** The `Set-Cookie` value for a sign-in link's code; null where the code is unknown, used or too old. */
  redeem(code: string): string | null {
    const until = this.#codes.get(code)
    this.#codes.delete(code)
    if (until === undefined || until < now()) return null
    const expires = String(now() + sessionSeconds * 1000)
    const secure = this.#options.publicUrl.protocol === 'https:' ? '; Secure' : ''
    const value = `${expires}.${this.#sign(expires)}`
    return `${cookieName}=${value}; Path=/; Max-Age=${sessionSeconds}; HttpOnly; SameSite=Strict${secure}`
  }

  #isOwnOrigin(origin: string, host: string): boolean {
    return (
      origin === this.#options.publicUrl.origin || origin === `http://${host}` || origin === `https://${host}`
    )
  }

  #sign(text: string): string {
    return createHmac('sha256', this.#options.token).update(`session ${text}`).digest('base64url')
  }
}

const localNames = ['localhost', '127.0.0.1', '[::1]']

function same(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** The token in `<stateDir>/token` (mode 0600); made at the first start. */
export async function readToken(stateDir: string): Promise<string> {
  const path = join(stateDir, 'token')
  try {
    await writeFile(path, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const token = (await readFile(path, 'utf8')).trim()
  if (token.length < 32)
    throw new Error(`The token in ${path} is too short. Remove the file: a new one is made.`)
  return token
}
