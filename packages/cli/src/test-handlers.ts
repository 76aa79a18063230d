import type { EventBody, JobEvent } from '@vitrine/contract/event.ts'
import type { NewJob } from '@vitrine/contract/job.ts'
import { sampleJob, type Handler } from '@vitrine/sdk/test-server.ts'

export const id = 'job-0123456789ab'
export const other = 'job-01zzzzzzzzzz'
export const job: Handler = () => sampleJob()
export const created: Handler = ({ body }) => sampleJob({ state: 'queued', task: (body as NewJob).task })
export const withEvents =
  (...bodies: EventBody[]): Handler =>
  ({ response }) => {
    const events = bodies.map((body, i) => ({ seq: i + 1, at: '2026-01-01T00:00:00Z', run: 1, ...body }))
    response.writeHead(200).end(events.map((event: JobEvent) => `${JSON.stringify(event)}\n`).join(''))
  }
export const ended = (to: 'succeeded' | 'failed' | 'canceled'): EventBody => ({
  type: 'job.state',
  data: { from: 'running', to, reason: null },
})
export const twoJobs: Handler = () => ({ jobs: [sampleJob(), sampleJob({ id: other })], next: null })
