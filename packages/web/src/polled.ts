import { useCallback, useEffect, useState } from 'preact/hooks'

type Polled<T> = {
  value: T | undefined
  /** What the last try threw; undefined after a success. */
  error: unknown
  /** Loads at once, not at the next turn. */
  again: () => void
}

/** Loads now and again every so many milliseconds while the page is seen; begins anew where `key` changes. */
export function usePolled<T>(
  key: string,
  every: number,
  load: (signal: AbortSignal) => Promise<T>,
): Polled<T> {
  const [last, setLast] = useState<{ key: string; value: T }>()
  const [error, setError] = useState<unknown>()
  const [turn, setTurn] = useState(0)

  useEffect(() => {
    const life = new AbortController()
    const keepLoading = async () => {
      while (!life.signal.aborted) {
        await pageSeen(life.signal)
        try {
          const value = await load(life.signal)
          if (life.signal.aborted) return
          setLast({ key, value })
          setError(undefined)
        } catch (thrown) {
          if (life.signal.aborted) return
          setError(thrown)
        }
        await pause(every, life.signal)
      }
    }
    void keepLoading()
    return () => life.abort()
  }, [key, every, turn])

  const again = useCallback(() => setTurn((turn) => turn + 1), [])
  return { value: last?.key === key ? last.value : undefined, error, again }
}

/** Resolves after so many milliseconds, or as the signal aborts. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, milliseconds)
  signal.addEventListener('abort', () => resolve(), { once: true })
  return promise.finally(() => clearTimeout(timer))
}

/** Resolves as soon as the page is seen, or as the signal aborts. */
export function pageSeen(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const look = () => {
    if (document.visibilityState === 'visible' || signal.aborted) resolve()
  }
  document.addEventListener('visibilitychange', look, { signal })
  signal.addEventListener('abort', look, { once: true })
  look()
  return promise
}

/** The time in milliseconds, anew every so many. */
export function useNow(every: number): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every)
    return () => clearInterval(timer)
  }, [every])
  return now
}
