/** Who calls: known by the socket that the call came in on, never by what it says. */
export type Caller = { sandbox: string; job: string | null }

/** A caller that was handed a job; only such a one may use a model. */
export type Worker = Caller & { job: string }
