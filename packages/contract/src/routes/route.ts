import { z } from 'zod'
import type { ErrorCode } from '../error.ts'
import { JobId } from '../job.ts'

/** A body that is not JSON: its media types, the first the default where a caller accepts any. */
export type Media = { media: readonly string[] }

export type Route = {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  path: string
  summary: string
  params?: z.ZodObject
  query?: z.ZodObject
  headers?: z.ZodObject
  /** One that takes `undefined` may be left out. */
  body?: z.ZodType | Media
  success: { status: 200 | 201 | 202 | 204; body?: z.ZodType | Media }
  /** Refused with an API token: what such a token began must end with it. */
  ownerOnly?: true
  /** Beyond those that every route has: bad_request, unauthorized, forbidden, unavailable, internal. */
  errors: readonly ErrorCode[]
}

/** Keeps a route's own types: handlers and the SDK infer theirs from them. */
export const route = <const R extends Route>(definition: R): R => definition

/** Parameters of the routes below `/jobs/{id}`. */
export const ofJob = z.object({ id: JobId })
export const idempotency = z.object({ 'idempotency-key': z.string().min(1).max(200).optional() })

/** A whole number as addresses and headers hold it; `what` tells of what. */
export const whole = (what: string) =>
  z
    .string()
    .regex(/^\d{1,15}$/, `must be ${what}`)
    .transform(Number)
