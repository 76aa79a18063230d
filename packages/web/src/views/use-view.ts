import { useCallback, useEffect, useState } from 'preact/hooks'
import { readView, viewSearch, type View } from './view.ts'

/** The view that the page's address names, and the way to another one, which the back button leads back from. */
export function useView(): [View, (view: View) => void] {
  const [view, setView] = useState(() => readView(location.search))
  useEffect(() => {
    const look = () => setView(readView(location.search))
    window.addEventListener('popstate', look)
    return () => window.removeEventListener('popstate', look)
  }, [])
  const show = useCallback((next: View) => {
    history.pushState(null, '', viewSearch(next) + location.hash)
    setView(next)
  }, [])
  return [view, show]
}
