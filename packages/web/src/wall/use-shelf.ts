import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { pageSeen, pause } from '../polled.ts'
import type { Site } from '../site.ts'
import type { WallFilter } from './filter.ts'
import { withChanges, withPage, type Shelf } from './shelf.ts'

/** Divides by 1 to 6 columns, so that every rack of cards but the last is full. */
export const rackSize = 60
const mostInPage = 200
const nothing: Shelf = { jobs: [], isWhole: false }
/** The first rack that the wall showed last: who comes back sees it at once, while it is read anew. */
let last: { key: string; shelf: Shelf } | undefined

/**
 * The jobs that the filter lets through, as they change. Nothing is asked again and again: one connection tells what
 * changed while the page is seen, and older jobs are loaded where `loadMore` asks for them. `shelf` is undefined until
 * the first jobs are here; with a new filter the old ones stay until then.
 */
export function useShelf(
  site: Site,
  filter: WallFilter,
): { shelf: Shelf | undefined; error: unknown; loadMore: () => void } {
  const key = JSON.stringify(filter)
  const [shown, setShown] = useState(() => (last?.key === key ? last.shelf : undefined))
  const [error, setError] = useState<unknown>()
  const loader = useRef(() => {})

  useEffect(() => {
    const life = new AbortController()
    let shelf = nothing
    const put = (next: Shelf) => {
      shelf = next
      if (life.signal.aborted) return
      last = {
        key,
        shelf: { jobs: next.jobs.slice(0, rackSize), isWhole: next.isWhole && next.jobs.length <= rackSize },
      }
      setShown(next)
    }
    const page = (limit: number) =>
      site.vitrine.jobs.page({ ...filter, limit, cursor: shelf.jobs.at(-1)?.id, signal: life.signal })

    /** Reads again as much as was loaded: it may have changed while nothing was watched. */
    const reload = async () => {
      const wanted = Math.max(rackSize, shelf.jobs.length)
      const before = shelf
      shelf = nothing
      try {
        while (shelf.jobs.length < wanted && !shelf.isWhole) {
          shelf = withPage(shelf, await page(Math.min(mostInPage, wanted - shelf.jobs.length)))
        }
      } catch (thrown) {
        shelf = before
        throw thrown
      }
      put(shelf)
    }
    const watchWhileSeen = async () => {
      const hidden = new AbortController()
      const signal = AbortSignal.any([life.signal, hidden.signal])
      const look = () => document.visibilityState === 'hidden' && hidden.abort()
      document.addEventListener('visibilitychange', look, { signal })
      let hasBegun = false
      try {
        for await (const changes of site.vitrine.jobs.changes({ ...filter, signal })) {
          if (!hasBegun) await reload()
          else put(withChanges(shelf, changes))
          hasBegun = true
          setError(undefined)
        }
      } catch (thrown) {
        if (!hidden.signal.aborted) throw thrown
      } finally {
        hidden.abort()
      }
    }
    const keepWatching = async () => {
      while (!life.signal.aborted) {
        await pageSeen(life.signal)
        try {
          await watchWhileSeen()
        } catch (thrown) {
          if (life.signal.aborted) return
          setError(thrown)
        }
        await pause(1000, life.signal)
      }
    }
    let isLoading = false
    loader.current = () => {
      if (isLoading || shelf.isWhole || shelf === nothing) return
      isLoading = true
      page(rackSize)
        .then((older) => put(withPage(shelf, older)), setError)
        .finally(() => (isLoading = false))
    }
    void keepWatching()
    return () => life.abort()
  }, [key])

  const loadMore = useCallback(() => loader.current(), [])
  return { shelf: shown, error, loadMore }
}
