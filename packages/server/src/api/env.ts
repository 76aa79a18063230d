import type { HttpBindings } from '@hono/node-server'
import type { Context, Hono } from 'hono'
import type { Caller } from './access.ts'

/** What every request has beside itself: Node's own, and below the API's prefix who was let in. */
type Env = { Bindings: HttpBindings; Variables: { caller: Caller } }

export type App = Hono<Env>
export type Call = Context<Env>
