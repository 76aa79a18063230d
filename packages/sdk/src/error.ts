import type { ErrorCode, FieldError } from '@vitrine/contract/error.ts'

/** The server answered, and the answer is not a success. Branch on `code`. */
export class VitrineApiError extends Error {
  override name = 'VitrineApiError'
  /** The HTTP status. */
  readonly status: number
  /** The error's code; `unknown` where something between here and the server (a proxy) answered instead. */
  readonly code: ErrorCode | 'unknown'
  /** The fields that were wrong; empty where the error is about none. */
  readonly details: readonly FieldError[]

  constructor(status: number, code: ErrorCode | 'unknown', message: string, details: readonly FieldError[]) {
    super(message)
    this.status = status
    this.code = code
    this.details = details
  }
}

/** No answer came: the server is not there, or the connection broke. `cause` is what `fetch` threw. */
export class VitrineConnectionError extends Error {
  override name = 'VitrineConnectionError'
}

/** Makes the answer of a failed request into an error. */
export async function apiError(response: Response): Promise<VitrineApiError> {
  const text = await response.text()
  const error = errorOf(text)
  if (error) return new VitrineApiError(response.status, error.code, error.message, error.details ?? [])
  const answer = `${response.status} ${response.statusText}`.trim()
  return new VitrineApiError(
    response.status,
    'unknown',
    `${response.url} answered ${answer}, and not as a Vitrine server does`,
    [],
  )
}

function errorOf(text: string): { code: ErrorCode; message: string; details?: FieldError[] } | undefined {
  try {
    const body: unknown = JSON.parse(text)
    if (typeof body !== 'object' || body === null || !('error' in body)) return undefined
    return body.error as { code: ErrorCode; message: string; details?: FieldError[] }
  } catch {
    return undefined
  }
}
