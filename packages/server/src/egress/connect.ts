import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { AddressRule } from './addresses.ts'
import { Refusal } from './refusal.ts'
import type { Resolve } from './resolve.ts'
import type { Target } from './target.ts'

export type Connecting = { resolve: Resolve; addressRule: AddressRule; connectMs: number }

/**
 * Resolves the name once, refuses it where one of its addresses may not be connected to, and connects to one of those very
 * addresses: who answers the question for the name can’t answer it differently the second time.
 */
export async function connectTo(
  { host, port }: Target,
  { resolve, addressRule, connectMs }: Connecting,
  signal: AbortSignal,
): Promise<Socket> {
  const late = AbortSignal.timeout(connectMs)
  const bounded = AbortSignal.any([signal, late])
  const why = (what: string) => (error: unknown) => {
    if (signal.aborted) return signal.reason as Refusal
    if (late.aborted) return new Refusal(504, `no connection within ${connectMs / 1000} s`)
    return new Refusal(502, `${what} (${codeOf(error)})`)
  }
  const addresses = await unlessAborted(resolve(host, bounded), bounded).catch(
    thrown(why('the name could not be resolved')),
  )
  if (addresses.length === 0) throw new Refusal(502, 'the name has no address')
  for (const one of addresses) {
    const reason = addressRule(one)
    if (reason !== null) throw new Refusal(403, `the name stands for ${one.address}, ${reason}`)
  }
  const socket = connect({
    host,
    port,
    allowHalfOpen: true,
    noDelay: true,
    autoSelectFamily: true,
    lookup: (_name, _options, answer) => answer(null, [...addresses]),
  })
  try {
    await once(socket, 'connect', { signal: bounded })
    return socket
  } catch (error) {
    socket.destroy()
    throw why('it could not be connected to')(error)
  }
}

const thrown = (translate: (error: unknown) => Refusal) => (error: unknown) => {
  throw translate(error)
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? String(error)

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason as Error)
  signal.addEventListener('abort', abort)
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
