import { z } from 'zod'
import { ofJob, route, whole } from './route.ts'

export const eventRoutes = {
  followEvents: route({
    method: 'GET',
    path: '/jobs/{id}/events',
    summary:
      'Follow a job’s events: those stored, then live, until the run has ended and its desktop is closed',
    params: ofJob,
    query: z.strictObject({
      after: whole('an event number').optional().describe('Only events after this number.'),
      follow: z.enum(['true', 'false']).default('true').describe('`false` ends after the stored ones.'),
    }),
    headers: z.object({ 'last-event-id': whole('an event number').optional() }),
    success: { status: 200, body: { media: ['text/event-stream', 'application/x-ndjson'] } },
    errors: ['not_found'],
  }),
  readLogs: route({
    method: 'GET',
    path: '/jobs/{id}/logs',
    summary: 'The job’s story as plain text',
    params: ofJob,
    query: z.strictObject({
      follow: z.enum(['true', 'false']).default('false'),
      tail: whole('a number of lines').optional().describe('Only so many of the last lines.'),
    }),
    success: { status: 200, body: { media: ['text/plain'] } },
    errors: ['not_found'],
  }),
}
