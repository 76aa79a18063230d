import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FieldError } from '@vitrine/contract/error.ts'
import type { Logger } from 'pino'
import { addressRule } from './addresses.ts'
import { Attempt, type Reach } from './attempt.ts'
import { connectTo } from './connect.ts'
import { decide } from './decide.ts'
import { countRunBytes, watchFlow } from './flow.ts'
import { passRequest } from './forward.ts'
import { createLedger, type Page } from './ledger.ts'
import { defaultLimits, type EgressLimits } from './limits.ts'
import { Refusal } from './refusal.ts'
import type { Resolve } from './resolve.ts'
import { covers, parseRule } from './rules.ts'
import type { Passage } from './passage.ts'
import { targetOf } from './target.ts'
import { passTunnel } from './tunnel.ts'

export type EgressOptions = {
  /** What a sandbox's programs may reach now; null where no job holds it. */
  reachOf: (sandbox: string) => Promise<Reach | null>
  /** The hosts, as jobs name them, that jobs may ask for at all. */
  permitted: 'any' | readonly string[]
  /** Ranges of private addresses that names may stand for, such as 10.0.0.0/8. */
  privateRanges: readonly string[]
  resolve: Resolve
  write: (page: Page) => Promise<void>
  limits?: Partial<EgressLimits>
  log: Pick<Logger, 'error'>
}

export type Egress = AsyncDisposable & {
  /** Those of a new job's hosts that the operator does not permit, as errors of its fields. */
  wrongHosts(hosts: readonly string[]): FieldError[]
  /** Answers a request in absolute form. Resolves when the answer is read or the caller has gone. */
  forward(sandbox: string, request: IncomingMessage, response: ServerResponse): Promise<void>
  /** Answers a CONNECT. */
  tunnel(sandbox: string, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>
}

/** The way out for sandboxes: whom a request is for is decided here, each time, and written down. */
export function createEgress(options: EgressOptions): Egress {
  const { reachOf, resolve, write, log } = options
  const limits = { ...defaultLimits, ...options.limits }
  const permitted = options.permitted === 'any' ? 'any' : options.permitted.map(parseRule)
  const connecting = { resolve, addressRule: addressRule(options.privateRanges), ...limits }
  const runs = countRunBytes()
  const ledger = createLedger({ write, log })
  /** What is under way, and when it is over. */
  const open = new Map<Attempt, Promise<void>>()
  const checks = setInterval(() => void checkAll(), limits.checkMs)

  /** Connects and has `pass` use the connection. Throws a Refusal, which is in the ledger then. */
  async function attempt(
    sandbox: string,
    { method = '', url = '' }: IncomingMessage,
    caller: Duplex | ServerResponse,
    pass: (passage: Passage) => Promise<void>,
  ): Promise<void> {
    const reach = await reachOf(sandbox)
    if (!reach) throw new Refusal(403, 'this sandbox has no job')
    const attempt = new Attempt(sandbox, reach, method)
    const leave = () => attempt.end(callerGone)
    const over = Promise.withResolvers<void>()
    open.set(attempt, over.promise)
    caller.once('close', leave)
    if (caller.destroyed) leave()
    try {
      const target = targetOf(method, url)
      attempt.host = target.host
      if ('why' in target) throw new Refusal(400, target.why)
      attempt.port = target.port
      decide(target, reach, permitted)
      requirePlace(sandbox)
      const far = await connectTo(target, connecting, attempt.signal)
      attempt.allowed = true
      attempt.address = far.remoteAddress ?? null
      far.on('error', () => far.destroy())
      try {
        using flow = watchFlow(attempt, limits, runs)
        await pass({ attempt, target, far, flow })
      } finally {
        far.destroy()
      }
    } catch (error) {
      const refusal = error instanceof Refusal ? error : fault(error, attempt)
      if (refusal === callerGone && attempt.allowed) return
      attempt.failed(refusal)
      throw refusal
    } finally {
      caller.off('close', leave)
      open.delete(attempt)
      ledger.add(reach.job, reach.run, attempt.line(false))
      over.resolve()
    }
  }

  function requirePlace(sandbox: string): void {
    const most = limits.connections
    if (
      open
        .keys()
        .filter((one) => one.sandbox === sandbox)
        .take(most + 1)
        .toArray().length > most
    )
      throw new Refusal(429, `at most ${most} connections at once`)
  }

  function fault(error: unknown, { sandbox, host }: Attempt): Refusal {
    log.error({ sandbox, host, error }, 'a request of a sandbox failed by a fault of the server')
    return new Refusal(502, 'the server failed')
  }

  /** Ends what is under way of jobs that may no longer; tells of what goes on for long. */
  async function checkAll(): Promise<void> {
    for (const [sandbox, attempts] of Map.groupBy(open.keys(), (one) => one.sandbox)) {
      try {
        const reach = await reachOf(sandbox)
        for (const one of attempts) check(one, reach)
      } catch (error) {
        log.error({ sandbox, error }, 'it is not known whether a sandbox may go on; asked again')
      }
    }
  }

  function check(one: Attempt, reach: Reach | null): void {
    const { job, run } = one.reach
    // A follow-up is another run in the same sandbox: what its desktop has open stays.
    if (!reach || reach.isOver || reach.job !== job)
      return one.end(new Refusal(403, 'the job has ended', one.allowed))
    if (!one.allowed || one.isTold || one.milliseconds < limits.tellMs) return
    one.isTold = true
    ledger.add(job, run, one.line(true))
  }

  return {
    wrongHosts: (hosts) =>
      hosts.flatMap((host, index) => {
        if (permitted === 'any' || permitted.some((rule) => covers(rule, parseRule(host)))) return []
        const may = permitted.length === 0 ? 'none' : `only ${permitted.map(({ text }) => text).join(', ')}`
        return [{ path: `egress.${index}`, message: `this server lets jobs reach ${may} (VITRINE_EGRESS)` }]
      }),

    async forward(sandbox, request, response) {
      try {
        await attempt(sandbox, request, response, (passage) =>
          passRequest(passage, request, response, limits.headerMs),
        )
      } catch (error) {
        if (response.headersSent) response.destroy()
        else {
          const { status, reason, text } = refused(error, request)
          response.writeHead(status, reason, { ...plain, connection: 'close' }).end(text)
        }
      }
    },

    async tunnel(sandbox, request, socket, head) {
      socket.on('error', () => socket.destroy())
      try {
        await attempt(sandbox, request, socket, (passage) => passTunnel(passage, socket, head))
      } catch (error) {
        if (socket.destroyed) return
        const { status, reason, text } = refused(error, request)
        const headers = `Content-Type: ${plain['content-type']}\r\nContent-Length: ${Buffer.byteLength(text)}`
        socket.end(`HTTP/1.1 ${status} ${reason}\r\n${headers}\r\nConnection: close\r\n\r\n${text}`)
      }
    },

    async [Symbol.asyncDispose]() {
      clearInterval(checks)
      for (const one of open.keys()) one.end(new Refusal(502, 'the server stops', one.allowed))
      await Promise.all(open.values())
      await ledger[Symbol.asyncDispose]()
    },
  }
}

const plain = { 'content-type': 'text/plain; charset=utf-8' }
const callerGone = new Refusal(502, 'the caller went away', false)

/** The reason stands in the status line too: of a refused CONNECT most programs show nothing else. */
function refused(error: unknown, { method = '', url = '' }: IncomingMessage) {
  if (!(error instanceof Refusal)) throw error
  const { status, message } = error
  const reason = `${STATUS_CODES[status]} (Vitrine: ${message.replaceAll(/[^ -~]/g, '?')})`
  return { status, reason, text: `Vitrine does not pass on ${method} ${url.slice(0, 300)}: ${message}.\n` }
}
