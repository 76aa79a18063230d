import type { Readable } from 'node:stream'
import { pause } from '../../clock.ts'
import { EngineEvent, type Engine } from './engine.ts'

export type ContainerHint = { action: string; labels: Record<string, string> }

/**
 * Tells what happens to the containers with these labels until `signal` aborts. Reconnects with back-off (0.25 to 10 s) and
 * then asks for what it missed; still, hints may be lost, repeated or late. `connected` is called at each connection.
 */
export async function watchContainers(
  engine: Engine,
  labels: Record<string, string>,
  tell: { connected: () => void; hint: (hint: ContainerHint) => void },
  signal: AbortSignal,
): Promise<void> {
  let since = 0 // the engine still has its last 256 events
  let wait = 250
  while (!signal.aborted) {
    // Five minutes, so that a connection which died unseen is replaced in the end.
    const life = AbortSignal.any([signal, AbortSignal.timeout(5 * 60_000)])
    try {
      const stream = await engine.events(labels, since, life)
      wait = 250
      tell.connected()
      for await (const line of lines(stream)) {
        const { data: event } = EngineEvent.safeParse(JSON.parse(line))
        if (!event) continue
        since = event.time
        tell.hint({ action: event.Action, labels: event.Actor.Attributes })
      }
    } catch {
      wait = Math.min(wait * 2, 10_000)
    }
    await pause(wait, signal)
  }
}

async function* lines(stream: Readable): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of stream.setEncoding('utf8') as AsyncIterable<string>) {
    const parts = (rest + chunk).split('\n')
    rest = parts.pop() ?? ''
    yield* parts.filter((part) => part !== '')
  }
}
