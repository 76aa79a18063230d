import type { WebSocket } from 'ws'

/** Close codes of RFC 6455, 7.4.1. */
export const closeCode = {
  normal: 1000,
  goingAway: 1001,
  wrongData: 1003,
  refused: 1008,
  internal: 1011,
  tryAgainLater: 1013,
} as const

/** Closes with a reason for the person at the other end, cut to the 123 bytes that a close frame has (RFC 6455, 5.5). */
export function closeViewer(webSocket: WebSocket, code: number, reason: string): void {
  const bytes = Buffer.alloc(123)
  const { written } = new TextEncoder().encodeInto(reason, bytes) // never cuts a character
  webSocket.resume() // a paused one could not see the answer to the close
  webSocket.close(code, bytes.subarray(0, written))
}
