import { randomBytes } from 'node:crypto'

const letters = '0123456789abcdefghijklmnopqrstuv'

/** `job-…`, `sbx-…` or `shr-…` with 60 random bits. */
export function newId(kind: 'job' | 'sbx' | 'shr'): string {
  return `${kind}-${Array.from(randomBytes(12), (byte) => letters[byte & 31]).join('')}`
}
