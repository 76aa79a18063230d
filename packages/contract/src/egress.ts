import { z } from 'zod'
import { limits } from './limits.ts'

/** The ports that a host without a port of its own stands for. */
export const egressPorts: readonly number[] = [80, 443]

/** RFC 1123, 2.1, in lower case. That the last label begins with a letter keeps every way to write an address out. */
const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
const name = `(?:${label}\\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?`
const port = ':[1-9]\\d{0,4}'

/** A host’s name as it goes over the wire: ASCII in lower case, no address, no dot at the end. */
export const hostName = new RegExp(`^(?=.{1,253}$)${name}$`)

const host = new RegExp(`^(?:\\*\\.(?=[^:]*\\.))?(?=[^:]{1,253}(?::|$))${name}(?:${port})?$`)

/**
 * A host that a job may reach: `docs.example.org`; `*.example.org` for every name below it, but not itself;
 * `docs.example.org:8080` for that port alone, where one without a port stands for 80 and 443.
 */
export const EgressHost = z
  .string()
  .max(300)
  .toLowerCase()
  .refine(
    (text) => host.test(text) && Number(/:(\d+)$/.exec(text)?.[1] ?? 1) < 65_536,
    'must be a host’s name such as docs.example.org, *.example.org or docs.example.org:8080; no address, no path, no dot at the end, and international names as xn--…',
  )

/** The hosts that a job may reach; none where nothing is said. */
export const EgressHosts = z
  .array(EgressHost)
  .max(limits.egressHosts, `at most ${limits.egressHosts} hosts`)
  .default([])

/** Something in a sandbox wanted to reach a host: one line of the job’s ledger. */
export const EgressAttempt = z.object({
  method: z.string().describe('CONNECT for a tunnel (https), else the method of a plain HTTP request.'),
  host: z.string().describe('As it was asked for, in lower case; cut where it is longer than a name may be.'),
  port: z.int().nullable(),
  allowed: z.boolean(),
  why: z.string().nullable().describe('Why it was refused, or what went wrong with one that was allowed.'),
  address: z.string().nullable().describe('The address that was connected to.'),
  bytesSent: z.int(),
  bytesReceived: z.int(),
  seconds: z.number(),
  count: z.int().describe('How many attempts that differ in nothing else; bytes and seconds are their sums.'),
  open: z.boolean().describe('True where it goes on: it is told once more when it has ended.'),
})
export type EgressAttempt = z.infer<typeof EgressAttempt>

/** Attempts beyond those that the ledger tells one by one. */
export const EgressMore = z.object({ allowed: z.int(), refused: z.int() })
export type EgressMore = z.infer<typeof EgressMore>
