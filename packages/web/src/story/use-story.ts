import { useEffect, useState } from 'preact/hooks'
import { pageSeen, pause } from '../polled.ts'
import type { JobEvent, Site } from '../site.ts'
import { emptyStory, tell, type Story } from './story.ts'

/**
 * A job's story as it happens. While the page is not seen nothing is followed: browsers allow six open requests to one
 * server, and forgotten tabs would use them up. `isOver` is true while nothing more can come.
 */
export function useStory(
  site: Site,
  id: string,
  isOver: boolean,
  onEvents: (events: readonly JobEvent[]) => void,
): { story: Story; error: unknown } {
  const [story, setStory] = useState<Story>(emptyStory)
  const [error, setError] = useState<unknown>()

  useEffect(() => {
    const life = new AbortController()
    const take = (events: readonly JobEvent[]) => {
      setError(undefined)
      setStory((story) => tell(story, events))
      onEvents(events)
    }
    const keepFollowing = async () => {
      let after = story.seq
      while (!life.signal.aborted) {
        await pageSeen(life.signal)
        try {
          after = await followWhileSeen(site, { id, after, follow: !isOver, signal: life.signal }, take)
          if (isOver && document.visibilityState === 'visible') return
        } catch (thrown) {
          if (life.signal.aborted) return
          setError(thrown)
        }
        await pause(2000, life.signal)
      }
    }
    void keepFollowing()
    return () => life.abort()
  }, [id, isOver])

  return { story, error }
}

type Wish = { id: string; after: number; follow: boolean; signal: AbortSignal }

/** Ends as the stream ends or the page is hidden, with the number of the last event. Events come in handfuls, not one by one. */
async function followWhileSeen(
  site: Site,
  wish: Wish,
  take: (events: readonly JobEvent[]) => void,
): Promise<number> {
  const hidden = new AbortController()
  const signal = AbortSignal.any([wish.signal, hidden.signal])
  const look = () => document.visibilityState === 'hidden' && hidden.abort()
  document.addEventListener('visibilitychange', look, { signal })

  let { after } = wish
  let handful: JobEvent[] = []
  const flush = () => {
    if (handful.length > 0 && !wish.signal.aborted) take(handful)
    handful = []
  }
  const timer = setInterval(flush, 60)
  try {
    for await (const event of site.vitrine.jobs.events(wish.id, { after, follow: wish.follow, signal })) {
      after = event.seq
      handful.push(event)
    }
  } catch (error) {
    if (!hidden.signal.aborted) throw error
  } finally {
    clearInterval(timer)
    flush()
    hidden.abort()
  }
  return after
}
