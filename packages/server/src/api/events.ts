import type { JobEvent } from '@vitrine/contract/event.ts'
import { isFinal } from '@vitrine/contract/job.ts'
import type { EventLog } from '../events/event-log.ts'
import type { Jobs } from '../jobs/jobs.ts'
import { findJob } from '../store/jobs.ts'
import type { Database } from '../store/schema.ts'
import type { Handlers } from './bind.ts'
import { Story } from './story.ts'

/** A comment line this often keeps proxies from cutting a quiet stream (WHATWG HTML, 9.2.7). */
const heartbeatMilliseconds = 15_000

export function eventRoutes(
  db: Database,
  jobs: Jobs,
  events: EventLog,
  stopping: AbortSignal,
): Pick<Handlers, 'followEvents' | 'readLogs'> {
  const ended = async (id: string) => {
    const job = await findJob(db, id)
    return !job || job.deleting || (isFinal(job.state) && job.desktop === 'closed' && job.sandbox === null)
  }
  const read = (id: string, after: number, follow: boolean, signal: AbortSignal) =>
    follow
      ? events.follow(id, after, () => ended(id), AbortSignal.any([signal, stopping]))
      : events.stored(id, after)

  return {
    followEvents: async ({ params: { id }, query, headers, request }) => {
      await jobs.get(id)
      const after = headers['last-event-id'] ?? query.after ?? 0
      const lines = /\bapplication\/(x-)?ndjson\b/.test(request.headers.get('accept') ?? '')
      const frame = lines ? asLine : asServerSentEvent
      return stream(
        lines ? 'application/x-ndjson' : 'text/event-stream',
        (signal) =>
          map(read(id, after, query.follow === 'true', signal), (batch) => batch.map(frame).join('')),
        lines ? '\n' : ': still here\n\n',
        request.signal,
      )
    },
    readLogs: async ({ params: { id }, query, request }) => {
      await jobs.get(id)
      const story = new Story()
      const follow = query.follow === 'true'
      const { tail } = query
      const told = async function* (signal: AbortSignal) {
        let after = 0
        if (tail !== undefined) {
          let text = ''
          for await (const batch of events.stored(id, 0)) {
            text += story.tell(batch)
            after = batch.at(-1)!.seq
          }
          yield lastLines(text, tail)
          if (!follow) return
        }
        yield* map(read(id, after, follow, signal), (batch) => story.tell(batch))
      }
      return stream('text/plain; charset=utf-8', told, '', request.signal)
    },
  }
}

const asLine = (event: JobEvent) => `${JSON.stringify(event)}\n`

/** JSON has no raw line breaks, so one `data:` line holds it and nothing in it can break the framing. */
const asServerSentEvent = (event: JobEvent) => `id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`

function lastLines(text: string, count: number): string {
  if (count === 0) return ''
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return `${lines.slice(-count).join('\n')}\n`
}

async function* map<T>(batches: AsyncIterable<T>, tell: (batch: T) => string): AsyncGenerator<string> {
  for await (const batch of batches) yield tell(batch)
}

/** A response that is read only as fast as its reader takes it, and ends when the reader has gone. */
export function stream(
  type: string,
  source: (signal: AbortSignal) => AsyncGenerator<string>,
  heartbeat: string,
  signal: AbortSignal,
): Response {
  const gone = new AbortController()
  const texts = source(AbortSignal.any([gone.signal, signal]))
  const encoder = new TextEncoder()
  let beat: NodeJS.Timeout | undefined
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      if (!heartbeat) return
      // Sent at once too: proxies and clients then see that the stream has begun.
      controller.enqueue(encoder.encode(heartbeat))
      beat = setInterval(() => {
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(heartbeat))
      }, heartbeatMilliseconds)
    },
    async pull(controller) {
      const { done, value } = await texts.next()
      if (!done) return controller.enqueue(encoder.encode(value))
      clearInterval(beat)
      controller.close()
    },
    cancel() {
      clearInterval(beat)
      gone.abort()
    },
  })
  return new Response(body, {
    headers: { 'content-type': type, 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
  })
}
