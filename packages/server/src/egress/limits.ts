/** Bounds of what sandboxes reach. Times are milliseconds. */
export type EgressLimits = {
  /** Connections that one sandbox may have at once. */
  connections: number
  /** From a request to a connection: the name’s resolution and what waits before it included. */
  connectMs: number
  /** Until the first byte of an answer to a plain request. */
  headerMs: number
  /** The longest silence in both directions. */
  idleMs: number
  /** The longest connection. */
  lifeMs: number
  /** Both directions together: of one connection, and of a run in one life of the server. */
  connectionBytes: number
  runBytes: number
  /** How often it is seen to it that those who are connected still may be. */
  checkMs: number
  /** What goes on for so long is told of before it ends. */
  tellMs: number
}

export const defaultLimits: EgressLimits = {
  connections: 64,
  connectMs: 15_000,
  headerMs: 60_000,
  idleMs: 5 * 60_000,
  lifeMs: 60 * 60_000,
  connectionBytes: 2 * 2 ** 30,
  runBytes: 8 * 2 ** 30,
  checkMs: 500,
  tellMs: 5000,
}
