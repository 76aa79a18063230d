import http, { type ClientRequest, type IncomingMessage } from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import type { GatewayLimits } from './limits.ts'
import { answeredWith, beganLate, brokenBy, fellSilent, isStale } from './upstream-errors.ts'

/** Takes a chunk of an answer at once, or says with a promise when it can take the next one. What it throws ends the call. */
export type Take = (chunk: Buffer) => Promise<void> | undefined

export type Generations = {
  /**
   * Posts a generation and resolves when its answer has ended. Aborting `signal` closes the connection, which stops the
   * model. Throws a GatewayError: `passing` where the server is away or busy, else what it answered.
   */
  generate(path: string, body: string, take: Take, signal: AbortSignal): Promise<void>
  /** Breaks off whatever goes on. */
  destroy(): void
}

type Bounds = Pick<GatewayLimits, 'headerMs' | 'chunkMs'> & { connectMs: number }

const errorBytes = 64 * 1024

/**
 * Generations of the model server at `url`. By node:http: undici lets the event loop go round once before it uses a
 * connection again, and a call then waits for all that has come meanwhile. Each piece of an answer is on its way in the
 * tick in which it came.
 */
export function createGenerations(url: string, { headerMs, chunkMs, connectMs }: Bounds): Generations {
  const base = new URL(url)
  const prefix = base.pathname.replace(/\/$/, '')
  const { request, Agent } = base.protocol === 'https:' ? https : http
  const agent = new Agent({ keepAlive: true })
  const { hostname, port } = base
  const target = { hostname: hostname.replace(/^\[|\]$/g, ''), port, agent, method: 'POST' }

  function generate(path: string, body: string, take: Take, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    let outgoing: ClientRequest
    let answer: IncomingMessage | undefined
    let ended = false

    function end(reason: unknown): void {
      ended = true
      reject(reason)
      outgoing.destroy()
    }

    function begin(): void {
      outgoing = request({ ...target, path: prefix + path, headers, timeout: headerMs })
      outgoing.once('socket', (socket) => boundConnecting(socket, connectMs))
      outgoing.once('response', receive)
      outgoing.on('timeout', () => {
        if (!answer) end(beganLate(url))
        else if (!answer.isPaused()) end(fellSilent(url))
      })
      outgoing.on('error', (error) => {
        // The server had closed the connection when the call went out on it.
        if (!ended && !answer && outgoing.reusedSocket && isStale(error)) begin()
        else reject(brokenBy(error, url, answer ? 'answer' : 'header'))
      })
      outgoing.end(body)
    }

    function receive(response: IncomingMessage): void {
      answer = response
      outgoing.setTimeout(chunkMs)
      response.on('error', (error) => reject(brokenBy(error, url, 'answer')))
      if (response.statusCode !== 200) return refuse(response)
      response.on('data', (chunk: Buffer) => {
        try {
          const waiting = take(chunk)
          if (waiting) pauseUntil(response, waiting)
        } catch (error) {
          end(error)
        }
      })
      response.once('end', resolve)
    }

    function refuse(response: IncomingMessage): void {
      let text = ''
      const refused = () => end(answeredWith(response.statusCode ?? 0, text, url))
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
        if (text.length > errorBytes) refused()
      })
      response.once('end', refused)
    }

    function pauseUntil(response: IncomingMessage, ready: Promise<void>): void {
      response.pause()
      const goOn = () => {
        outgoing.setTimeout(chunkMs)
        response.resume()
      }
      ready.then(goOn, end)
    }

    const abort = () => end(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    begin()
    return promise.finally(() => signal.removeEventListener('abort', abort))
  }

  return { generate, destroy: () => agent.destroy() }
}

/** Nothing listens at an address that drops what is sent to it: the system itself would wait for minutes. */
function boundConnecting(socket: Socket, ms: number): void {
  if (!socket.connecting) return
  const late = () => socket.destroy(Object.assign(new Error('no connection'), { code: 'ETIMEDOUT' }))
  const timer = setTimeout(late, ms)
  socket.once('connect', () => clearTimeout(timer)).once('close', () => clearTimeout(timer))
}
