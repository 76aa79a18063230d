import { createHash } from 'node:crypto'
import { VitrineError } from '@vitrine/contract/error.ts'

/** Stands for the body that an idempotency key came with. */
export const hashOf = (body: object): string =>
  createHash('sha256').update(JSON.stringify(body)).digest('hex')

export const otherBody = (): VitrineError =>
  new VitrineError('idempotency_conflict', 'This Idempotency-Key was used before with another body.')
