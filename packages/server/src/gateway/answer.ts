import type { ServerResponse } from 'node:http'
import { createCollector } from './collect.ts'
import type { Dialect } from './dialect.ts'
import { callerGone, GatewayError } from './gateway-error.ts'
import type { Piece } from './lines.ts'

/** One call's answer on its way to the caller. */
export type Answer = {
  /** A promise where the caller has no room for more, until it has. `isLast`: nothing follows but `end`. */
  write(piece: Piece, isLast: boolean): Promise<void> | undefined
  /** Resolves when the caller has read all. */
  end(): Promise<void>
}

/**
 * Writes a model's answer to the caller: piece by piece, or as a whole where `stream` is false. A caller that leaves
 * it unread for `unreadMs` is an error (`answer_unread`), and so is one that goes away.
 */
export function createAnswer(
  response: ServerResponse,
  dialect: Dialect,
  { stream, unreadMs }: { stream: boolean; unreadMs: number },
): Answer {
  const collector = createCollector()

  function write(piece: Piece, isLast: boolean): Promise<void> | undefined {
    if (!response.headersSent) response.writeHead(200, { 'content-type': dialect.contentType })
    if (isLast && dialect.end === '') {
      response.end(dialect.piece(piece))
      return undefined
    }
    return response.write(dialect.piece(piece)) ? undefined : read(response, 'drain', unreadMs)
  }

  function collect({ lines }: Piece): undefined {
    for (const line of lines) collector.add(line)
  }

  return {
    write: stream ? write : collect,
    async end() {
      if (stream) {
        if (!response.writableEnded) response.end(dialect.end)
        await read(response, 'finish', unreadMs)
      } else await sendJson(response, 200, dialect.whole(collector.whole()), unreadMs)
    },
  }
}

/** Sends a whole body; resolves when the caller has read it. */
export async function sendJson(
  response: ServerResponse,
  status: number,
  body: object,
  unreadMs: number,
): Promise<void> {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  await read(response, 'finish', unreadMs)
}

/** An error as the whole answer, or as its last piece where some of it is gone already. */
export function sendError(response: ServerResponse, error: GatewayError, dialect: Dialect): void {
  if (response.headersSent) response.end(dialect.errorPiece(error))
  else {
    // Node passes over what comes of the body yet. Closing before could lose the answer, and is for bodies without bound.
    response.writeHead(error.status, {
      'content-type': 'application/json',
      ...(error.code === 'too_large' && { connection: 'close' }),
    })
    response.end(JSON.stringify(dialect.error(error)))
  }
}

async function read(response: ServerResponse, event: 'drain' | 'finish', unreadMs: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onClose = () => reject(callerGone)
  const timer = setTimeout(
    () => reject(new GatewayError('answer_unread', `nobody read the answer for ${unreadMs / 1000} s`)),
    unreadMs,
  )
  response.once(event, resolve).once('close', onClose)
  try {
    if (!response.writableFinished) await promise
  } finally {
    clearTimeout(timer)
    response.off(event, resolve).off('close', onClose)
  }
}
