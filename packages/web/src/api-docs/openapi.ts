/** What the page needs of an OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1). */
export type Schema = {
  type?: string
  description?: string
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  enum?: unknown[]
  const?: unknown
  anyOf?: Schema[]
  oneOf?: Schema[]
  allOf?: Schema[]
  additionalProperties?: Schema | boolean
  default?: unknown
  $ref?: string
}
type Content = Record<string, { schema?: Schema }>
type Parameter = { name: string; in: string; required: boolean; schema: Schema }
type Described = {
  operationId: string
  summary: string
  parameters: Parameter[]
  requestBody?: { content: Content }
  responses: Record<string, { description: string; content?: Content }>
}
export type ApiDocument = {
  paths: Record<string, Record<string, Described>>
  components: { schemas: Record<string, Schema> }
}
export type Operation = {
  id: string
  method: string
  path: string
  summary: string
  parameters: Parameter[]
  body: Schema | null
  answers: { status: string; description: string; schema: Schema | null }[]
}

const json = (content?: Content) => content?.['application/json']?.schema ?? null

/** The document's operations in its order. */
export function operations({ paths }: ApiDocument): Operation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, one]) => ({
      id: one.operationId,
      method: method.toUpperCase(),
      path,
      summary: one.summary,
      parameters: one.parameters,
      body: json(one.requestBody?.content),
      answers: Object.entries(one.responses).map(([status, { description, content }]) => ({
        status,
        description,
        schema: json(content),
      })),
    })),
  )
}

/** A schema in the short form that people read: `{ task: string, name?: string }`. */
export function shapeOf(schema: Schema, document: ApiDocument, indent = ''): string {
  const inner = `${indent}  `
  const shape = (one: Schema) => shapeOf(one, document, indent)
  const named = schema.$ref && document.components.schemas[schema.$ref.split('/').at(-1) ?? '']
  if (named) return shape(named)
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  const choices = schema.anyOf ?? schema.oneOf
  if (choices) return choices.map(shape).join(' | ')
  if (schema.allOf) return schema.allOf.map(shape).join(' & ')
  if (schema.type === 'array') return `[${schema.items ? shape(schema.items) : ''}]`
  if (schema.properties) {
    const lines = Object.entries(schema.properties).map(([name, property]) => {
      const note = property.description ? `  // ${property.description}` : ''
      const mark = schema.required?.includes(name) ? '' : '?'
      return `${inner}${name}${mark}: ${shapeOf(property, document, inner)}${note}`
    })
    return `{\n${lines.join('\n')}\n${indent}}`
  }
  if (typeof schema.additionalProperties === 'object')
    return `{ [name]: ${shape(schema.additionalProperties)} }`
  return schema.type === 'integer' ? 'whole number' : (schema.type ?? 'any')
}

/** A call that can be pasted into a shell. */
export function example(route: Operation, document: ApiDocument, origin: string): string {
  const token = '-H "Authorization: Bearer $(cat ~/.vitrine/token)"'
  const body = route.body && exampleBody(route.body, document)
  const lines = [
    `curl${route.method === 'GET' ? '' : ` -X ${route.method}`} ${token}`,
    ...(body ? [`-H 'content-type: application/json' -d '${JSON.stringify(body)}'`] : []),
    `'${origin}${route.path}'`,
  ]
  return lines.join(' \\\n  ')
}

function exampleBody(schema: Schema, document: ApiDocument): object {
  const named = schema.$ref ? document.components.schemas[schema.$ref.split('/').at(-1) ?? ''] : schema
  const values: Record<string, unknown> = {
    task: 'Write a Python program that prints the squares of 1 to 10.',
    seconds: 3600,
  }
  const names = Object.keys(named?.properties ?? {}).filter((name) => name in values)
  return Object.fromEntries(names.map((name) => [name, values[name]]))
}
