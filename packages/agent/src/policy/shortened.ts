import type { Generation } from '../model-server.ts'

const mostCharacters = 32 * 1024

/** A call as an event tells it: a text that is longer than 32 Ki characters is cut. */
export const shortened = ({ path, body }: Generation): Generation => ({
  path,
  body: shorten(body) as Generation['body'],
})

function shorten(value: unknown): unknown {
  if (typeof value === 'string' && value.length > mostCharacters) return `${value.slice(0, mostCharacters)}…`
  if (Array.isArray(value)) return value.map(shorten)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, shorten(part)]))
}
