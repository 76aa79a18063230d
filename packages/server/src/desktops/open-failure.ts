import { VitrineError } from '@vitrine/contract/error.ts'
import { closeCode } from './close-viewer.ts'

/** How long a desktop or a terminal may take to open, in milliseconds. */
export const openWithin = 5_000

/** With what a viewer is closed whose `what` did not open. */
export function openFailure(error: unknown, what: 'desktop' | 'terminal'): [code: number, reason: string] {
  if (error instanceof VitrineError) {
    const again = error.code === 'unavailable' || error.code === 'conflict'
    return [again ? closeCode.tryAgainLater : closeCode.internal, error.message]
  }
  if (error instanceof DOMException && error.name === 'TimeoutError')
    return [closeCode.tryAgainLater, `the ${what} did not open within ${openWithin / 1000} s`]
  return [closeCode.internal, `the ${what} could not be opened`]
}
