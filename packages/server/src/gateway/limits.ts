/** Bounds of one model call and of one sandbox's calls. Times are milliseconds. */
export type GatewayLimits = {
  /** Largest `num_ctx`. */
  maxContext: number
  /** `num_ctx` of a call that names none: the same for all, so that they share one loaded model. Memory grows with it. */
  usualContext: number
  /** Largest `num_predict`; also what -1, -2, 0 and none become. */
  maxPredict: number
  bodyBytes: number
  messages: number
  /** Requests of any kind that one sandbox may have under way; its job's limits bound its model calls. */
  requestsPerSandbox: number
  /** How long a call waits for a model server that is away or busy. */
  patienceMs: number
  /** How often a model server is asked how it is. */
  checkMs: number
  /** How often an answer that goes on is told of. */
  tellMs: number
  /** A model that begins to answer within this time is not told of as loading. */
  quietMs: number
  /** No header comes before the model is loaded and the prompt is read. */
  headerMs: number
  /** The longest silence between two pieces of an answer. */
  chunkMs: number
  /** The longest generation, from its slot to its last piece. */
  callMs: number
  /** The longest that a caller may leave its answer unread. */
  unreadMs: number
  answerBytes: number
}

export const defaultLimits: Omit<GatewayLimits, 'maxContext' | 'maxPredict'> = {
  usualContext: 8192,
  bodyBytes: 4 * 1024 * 1024,
  messages: 1000,
  requestsPerSandbox: 80,
  patienceMs: 300_000,
  checkMs: 5000,
  tellMs: 5000,
  quietMs: 2000,
  headerMs: 5 * 60_000,
  chunkMs: 60_000,
  callMs: 30 * 60_000,
  unreadMs: 60_000,
  answerBytes: 16 * 1024 * 1024,
}
