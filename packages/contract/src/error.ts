import { z } from 'zod'

/** Every error that the API answers with: its code, its HTTP status, and what it means. */
export const errorTable = {
  bad_request: {
    status: 400,
    meaning: 'A field is missing, unknown or out of its limits; `details` names it.',
  },
  unauthorized: { status: 401, meaning: 'No valid token or session came with the request.' },
  forbidden: {
    status: 403,
    meaning:
      'The request came from an origin or for a host that is not this server’s, or with an API token where none is taken.',
  },
  not_found: { status: 404, meaning: 'There is nothing at this address.' },
  method_not_allowed: { status: 405, meaning: 'The address exists, but not for this method.' },
  conflict: { status: 409, meaning: 'The job’s present state does not allow this.' },
  idempotency_conflict: { status: 409, meaning: 'The Idempotency-Key was used before with another body.' },
  too_large: { status: 413, meaning: 'The body or a field is larger than its limit.' },
  not_json: { status: 415, meaning: 'The body must be sent as application/json.' },
  storage_full: { status: 507, meaning: 'The state directory has no room; nothing was stored.' },
  unavailable: { status: 503, meaning: 'A part that this needs does not answer now; try again.' },
  unsupported: { status: 501, meaning: 'The model servers that are there can not do this.' },
  internal: {
    status: 500,
    meaning: 'A fault of the server; its log has the details under this request’s id.',
  },
} as const

export type ErrorCode = keyof typeof errorTable

/** One field that was wrong: `path` as in the body (`limits.seconds`), and what to send instead. */
export const FieldError = z.object({ path: z.string(), message: z.string() })

/** The body of every answer that is not a success. */
export const ErrorBody = z.object({
  error: z.object({
    code: z.enum(Object.keys(errorTable) as [ErrorCode, ...ErrorCode[]]),
    message: z.string(),
    details: z.array(FieldError).optional(),
  }),
})
export type ErrorBody = z.infer<typeof ErrorBody>
export type FieldError = z.infer<typeof FieldError>

/** An error with a place in the table. Thrown at the source, made into a response once, at the edge. */
export class VitrineError extends Error {
  override name = 'VitrineError'
  readonly code: ErrorCode
  readonly details: FieldError[] | undefined

  constructor(code: ErrorCode, message: string, details?: FieldError[]) {
    super(message)
    this.code = code
    this.details = details
  }

  get status(): number {
    return errorTable[this.code].status
  }
}

/** Makes zod's issues into field errors, most telling path first. */
export function fieldErrors(error: { issues: readonly z.core.$ZodIssue[] }): FieldError[] {
  return error.issues.flatMap((issue) => {
    const at = (path: PropertyKey[]) => path.map(String).join('.')
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ path: at([...issue.path, key]), message: 'unknown field' }))
    }
    const meant = issue.code === 'invalid_union' ? nearest(issue.errors) : []
    if (meant.length === 0) return [{ path: at(issue.path), message: inWords(issue) }]
    return fieldErrors({ issues: meant }).map(({ path, message }) => ({
      path: [at(issue.path), path].filter(Boolean).join('.'),
      message,
    }))
  })
}

/** What is wrong by the alternative that the value comes nearest to; nothing where several are as near. */
function nearest(alternatives: readonly z.core.$ZodIssue[][]): readonly z.core.$ZodIssue[] {
  const wrong = (issues: readonly z.core.$ZodIssue[]) =>
    issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1), 0)
  const [best = [], next = []] = alternatives.toSorted((a, b) => wrong(a) - wrong(b))
  return wrong(best) < wrong(next) ? best : []
}

/** Zod's own words for what no schema has words for. */
function inWords(issue: z.core.$ZodIssue): string {
  const { message } = issue
  if (issue.code === 'invalid_key' && issue.issues[0]) return issue.issues[0].message
  if (issue.code === 'invalid_value' && message.startsWith('Invalid'))
    return `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(String).join(', ')}`
  if (issue.code === 'too_small' && message.startsWith('Too small'))
    return `must be at least ${bound(issue.minimum, issue)}`
  if (issue.code === 'too_big' && message.startsWith('Too big'))
    return `must be at most ${bound(issue.maximum, issue)}`
  if (issue.code !== 'invalid_type' || !message.startsWith('Invalid input')) return message
  return message.endsWith('received undefined')
    ? 'is missing'
    : `must be ${typeNames[issue.expected] ?? issue.expected}`
}

const bound = (most: number | bigint, { origin }: { origin: string }) =>
  origin === 'string' ? `${most} characters` : origin === 'array' ? `${most} entries` : String(most)

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
}
