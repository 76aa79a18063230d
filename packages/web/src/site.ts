import type { Vitrine } from '@vitrine/sdk/vitrine.ts'

/** What every page needs: where the app is mounted, the server, and the way to another page. */
export type Site = {
  base: string
  vitrine: Vitrine
  go: (path: string) => void
}

type Jobs = Vitrine['jobs']
export type Job = Awaited<ReturnType<Jobs['get']>>
export type JobState = Job['state']
export type Verdict = NonNullable<Job['verdict']>
export type Check = Verdict['checks'][number]
export type NewJobInput = Parameters<Jobs['create']>[0]
export type JobEvent = ReturnType<Jobs['events']> extends AsyncGenerator<infer Event> ? Event : never
export type EventOf<Type extends JobEvent['type']> = Extract<JobEvent, { type: Type }>
export type Recording = Awaited<ReturnType<Jobs['recordings']['list']>>[number]
export type FileList = Awaited<ReturnType<Jobs['files']['list']>>
