import { fieldErrors, VitrineError } from '@vitrine/contract/error.ts'
import { limits } from '@vitrine/contract/limits.ts'
import { apiPrefix, routes, type RouteId, type Routes } from '@vitrine/contract/routes.ts'
import type { Media, Route } from '@vitrine/contract/routes/route.ts'
import type { z } from 'zod'
import type { App, Call } from './env.ts'

type Parsed<T> = T extends z.ZodType ? z.output<T> : undefined
type Part<R, Name extends string> = R extends { [K in Name]: infer T } ? Parsed<T> : undefined

export type Input<R> = {
  params: Part<R, 'params'>
  query: Part<R, 'query'>
  headers: Part<R, 'headers'>
  body: Part<R, 'body'>
  request: Request
}

type Output<R extends Route> = R['success'] extends { body: infer B }
  ? B extends z.ZodType
    ? z.input<B>
    : B extends Media
      ? Response
      : never
  : void

/** One handler for each route of the contract; a route without one does not compile. */
export type Handlers = {
  [Id in RouteId]: (input: Input<Routes[Id]>) => Promise<Output<Routes[Id]>>
}

/** Puts every route of the contract on the app: input is parsed by the route's schemas before its handler sees it. */
export function bind(app: App, handlers: Handlers): void {
  const entries = Object.entries(routes) as [RouteId, Route][]
  for (const [id, route] of entries) {
    const handle = handlers[id] as (input: Input<Route>) => Promise<unknown>
    app.on(route.method, honoPath(route), async (c) => {
      if (route.ownerOnly && c.get('caller').who !== 'owner') throw ownersOnly()
      return respond(route, await handle(await input(route, c)))
    })
  }
  for (const [path, same] of Map.groupBy(entries, ([, route]) => honoPath(route))) {
    const methods = same.map(([, { method }]) => method)
    app.all(path, () => {
      throw new VitrineError('method_not_allowed', `Only ${methods.join(', ')} can be used here.`)
    })
  }
}

const ownersOnly = () =>
  new VitrineError(
    'forbidden',
    'An API token is not enough here: sign in, or use the token of the state directory.',
  )

/** `/jobs/{id}` as Hono writes it; a `{path}` and a model's `{name}` take slashes too, and line feeds. */
function honoPath({ path }: Route): string {
  return apiPrefix + path.replace(/\{(path|name)\}/, ':$1{[^]+}').replaceAll(/\{(\w+)\}/g, ':$1')
}

async function input(route: Route, c: Call): Promise<Input<Route>> {
  const parts = {
    params: route.params && parse(route.params, c.req.param(), 'not_found'),
    query: route.query && parse(route.query, flat(c.req.queries())),
    headers: route.headers && parse(route.headers, c.req.header()),
    // What is not JSON is its handler's to read.
    body: route.body && !('media' in route.body) ? await readBody(route.body, c) : undefined,
  }
  return { ...parts, request: c.req.raw } as unknown as Input<Route>
}

const readBody = async (body: z.ZodType, c: Call) =>
  parse(body, mayLack(body) && isEmpty(c) ? undefined : await readJson(c))

const mayLack = (body: z.ZodType) => body.safeParse(undefined).success

/** RFC 9112, 6.3: a request without these has no body. */
const isEmpty = (c: Call) =>
  (c.req.header('content-length') ?? '0') === '0' && c.req.header('transfer-encoding') === undefined

/** Throws one error that names each field that is wrong. */
export function parse<T extends z.ZodType>(
  type: T,
  value: unknown,
  code: 'bad_request' | 'not_found' = 'bad_request',
): z.output<T> {
  const parsed = type.safeParse(value)
  if (parsed.success) return parsed.data
  const details = fieldErrors(parsed.error)
  const summary = details.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; ')
  throw new VitrineError(code, `${summary.slice(0, 500)}.`, details)
}

const flat = (queries: Record<string, string[]>) =>
  Object.fromEntries(
    Object.entries(queries).map(([name, values]) => [name, values.length === 1 ? values[0] : values]),
  )

/** A body of JSON, within its limits. */
export async function readJson(c: Call): Promise<unknown> {
  if (!/^application\/json\b/i.test(c.req.header('content-type') ?? '')) {
    throw new VitrineError('not_json', 'Send the body as `Content-Type: application/json`.')
  }
  const text = await readText(c.req.raw)
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new VitrineError('bad_request', `The body is not JSON: ${(error as Error).message}.`)
  }
}

async function readText(request: Request): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let text = ''
  let bytes = 0
  try {
    for await (const chunk of request.body ?? []) {
      bytes += chunk.length
      if (bytes > limits.bodyBytes) {
        throw new VitrineError('too_large', `The body is larger than ${limits.bodyBytes} bytes.`)
      }
      text += decoder.decode(chunk, { stream: true })
    }
    return text + decoder.decode()
  } catch (error) {
    if (error instanceof VitrineError) throw error
    throw new VitrineError('bad_request', 'The body broke off or is not UTF-8.')
  }
}

function respond(route: Route, output: unknown): Response {
  if (output instanceof Response) return output
  const { status } = route.success
  return status === 204 ? new Response(null, { status }) : Response.json(output, { status })
}
