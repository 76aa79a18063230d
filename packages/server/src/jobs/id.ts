import { randomBytes } from 'node:crypto'

const letters = '0123456789abcdefghijklmnopqrstuv'

/** `job-…` or `sbx-…` with 60 random bits. */
export function newId(kind: 'job' | 'sbx'): string {
  return `${kind}-${Array.from(randomBytes(12), (byte) => letters[byte & 31]).join('')}`
}
