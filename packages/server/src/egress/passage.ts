import type { Socket } from 'node:net'
import type { Attempt } from './attempt.ts'
import type { Flow } from './flow.ts'
import type { Target } from './target.ts'

/** An attempt that was allowed: whom it is for, the connection there, and the watch over what goes by. */
export type Passage = { attempt: Attempt; target: Target; far: Socket; flow: Flow }
