import { GatewayError } from './gateway-error.ts'

/** What an answer other than 200 means; in the model server’s own words where it has some. */
export function answeredWith(status: number, body: string, url: string): GatewayError {
  const message = errorText(body) ?? `the model server at ${url} answered with status ${status}`
  switch (status) {
    case 400:
      return new GatewayError('bad_request', message)
    case 404:
      return new GatewayError('model_not_found', message)
    case 429:
    case 503:
      return new GatewayError('model_busy', message)
    default:
      return new GatewayError('model_error', message)
  }
}

function errorText(text: string): string | undefined {
  if (!text.trimStart().startsWith('{')) return undefined
  try {
    const { error } = JSON.parse(text) as { error?: unknown }
    return typeof error === 'string' ? error : undefined
  } catch {
    return undefined
  }
}

/**
 * What an error of the connection means. `stage`: while the header was awaited the call can be made again; once the answer
 * has begun it can't. What is not about the connection (a signal's reason) comes back as it is.
 */
export function brokenBy(error: unknown, url: string, stage: 'header' | 'answer'): unknown {
  if (!(error instanceof Error)) return error
  const code = 'code' in error ? String(error.code) : ''
  if (awayCodes.has(code) || error.name === 'TimeoutError')
    return stage === 'header'
      ? new GatewayError('model_unavailable', `the model server at ${url} does not answer (${reason(error)})`)
      : new GatewayError('model_error', `the model server at ${url} broke off its answer (${reason(error)})`)
  switch (code) {
    case 'UND_ERR_HEADERS_TIMEOUT':
      return beganLate(url)
    case 'UND_ERR_BODY_TIMEOUT':
      return fellSilent(url)
  }
  if (code.startsWith('HPE_'))
    return new GatewayError('model_error', `what answers at ${url} does not speak HTTP (${reason(error)})`)
  return error
}

export const beganLate = (url: string) =>
  new GatewayError('model_timeout', `the model server at ${url} did not begin to answer in time`)
export const fellSilent = (url: string) =>
  new GatewayError('model_timeout', `the model server at ${url} fell silent in the middle of its answer`)

/** What a connection fails with that the server has closed while nobody used it. */
export const isStale = (error: Error) =>
  'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE')

const awayCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_SOCKET',
  'UND_ERR_CLOSED',
  'UND_ERR_DESTROYED',
])

/** Node's error for a name with several addresses has an empty message. */
const reason = (error: Error) => error.message || ('code' in error ? String(error.code) : error.name)
