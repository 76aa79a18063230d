import { createHash } from 'node:crypto'

/** Tokens are long and random: a plain hash is enough, and finding by it tells nothing by its time. */
export const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64url')
