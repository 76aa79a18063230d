import { z } from 'zod'
import { ErrorBody, errorTable, type ErrorCode } from './error.ts'
import { JobEvent } from './event.ts'
import { Job, NewJob } from './job.ts'
import { apiPrefix, routes } from './routes.ts'
import type { Media, Route } from './routes/route.ts'

const everyRoutesErrors: readonly ErrorCode[] = [
  'bad_request',
  'unauthorized',
  'forbidden',
  'unavailable',
  'internal',
]

/** The OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1) of the route table. */
export function openApiDocument(version: string): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const [operationId, route] of Object.entries(routes)) {
    const path = (paths[apiPrefix + route.path] ??= {})
    path[route.method.toLowerCase()] = operation(operationId, route)
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Vitrine', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }, { session: [] }],
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        session: { type: 'apiKey', in: 'cookie', name: 'vitrine_session' },
      },
      schemas: {
        NewJob: schema(NewJob, 'input'),
        Job: schema(Job, 'output'),
        JobEvent: schema(JobEvent, 'output'),
        Error: schema(ErrorBody, 'output'),
      },
    },
  }
}

function operation(operationId: string, route: Route): object {
  return {
    operationId,
    summary: route.summary,
    parameters: [
      ...parameters('path', route.params),
      ...parameters('query', route.query),
      ...parameters('header', route.headers),
    ],
    ...(route.body && {
      requestBody: {
        required: 'media' in route.body || !route.body.safeParse(undefined).success,
        content: content(route.body, 'input'),
      },
    }),
    responses: {
      [route.success.status]: {
        description: route.summary,
        ...(route.success.body && { content: content(route.success.body, 'output') }),
      },
      ...errorResponses([...everyRoutesErrors, ...route.errors]),
    },
  }
}

function parameters(place: 'path' | 'query' | 'header', object?: z.ZodObject): object[] {
  if (!object) return []
  const { properties = {}, required = [] } = schema(object, 'input')
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: property,
  }))
}

function content(body: z.ZodType | Media, side: 'input' | 'output'): object {
  if ('media' in body) return Object.fromEntries(body.media.map((type) => [type, {}]))
  return { 'application/json': { schema: reference(body) ?? schema(body, side) } }
}

const reference = (body: z.ZodType) =>
  body === NewJob
    ? { $ref: '#/components/schemas/NewJob' }
    : body === Job
      ? { $ref: '#/components/schemas/Job' }
      : undefined

function errorResponses(codes: readonly ErrorCode[]): Record<string, object> {
  const byStatus = Map.groupBy(new Set(codes), (code) => errorTable[code].status)
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [
      status,
      {
        description: group.map((code) => `\`${code}\`: ${errorTable[code].meaning}`).join('\n'),
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    ]),
  )
}

function schema(type: z.ZodType, io: 'input' | 'output') {
  const { $schema: _, ...rest } = z.toJSONSchema(type, { io, unrepresentable: 'any' })
  return rest
}
