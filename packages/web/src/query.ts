import { useCallback, useEffect, useState } from 'preact/hooks'

type Changes = Readonly<Record<string, string | readonly string[] | null>>

/**
 * The address’s query. What a page shows stands there, so that every view has a link and comes back with the history;
 * `change` sets and (by null) removes parameters: as a new entry of the history, or, for what is being typed, in place of
 * the present one.
 */
export function useQuery(): [
  query: URLSearchParams,
  change: (changes: Changes, how?: 'push' | 'replace') => void,
] {
  const [search, setSearch] = useState(location.search)

  useEffect(() => {
    const look = () => setSearch(location.search)
    window.addEventListener('popstate', look)
    return () => window.removeEventListener('popstate', look)
  }, [])

  const change = useCallback((changes: Changes, how: 'push' | 'replace' = 'push') => {
    const query = new URLSearchParams(location.search)
    for (const [name, value] of Object.entries(changes)) {
      query.delete(name)
      for (const one of value === null ? [] : [value].flat()) query.append(name, one)
    }
    const text = query.size > 0 ? `?${query.toString()}` : ''
    if (text === location.search) return
    const address = location.pathname + text + location.hash
    if (how === 'push') history.pushState(null, '', address)
    else history.replaceState(null, '', address)
    setSearch(location.search)
  }, [])

  return [new URLSearchParams(search), change]
}
