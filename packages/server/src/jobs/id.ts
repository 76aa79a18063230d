import { randomBytes } from 'node:crypto'

const letters = '0123456789abcdefghijklmnopqrstuv'

/** `job-…`, `sbx-…`, `shr-…` or `tok-…` with 60 random bits. */
export function newId(kind: 'job' | 'sbx' | 'shr' | 'tok'): string {
  return `${kind}-${Array.from(randomBytes(12), (byte) => letters[byte & 31]).join('')}`
}
