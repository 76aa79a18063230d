import { useEffect, useRef, useState } from 'preact/hooks'
import { jobsPath } from './address.ts'
import type { Site } from './site.ts'

/** How long a delete can be undone. */
export const undoMs = 10_000

export type DeleteLater = {
  /** When the job is to be deleted, in milliseconds; null while nobody wants that. */
  at: number | null
  begin: () => void
  undo: () => void
  now: () => void
}

/**
 * Deletes a job after a while in which that can be undone, for afterwards it can’t. Whoever leaves the page meanwhile meant
 * it: the job is deleted then. `onError` hears why it was not deleted.
 */
export function useDeleteLater(site: Site, id: string, onError: (error: unknown) => void): DeleteLater {
  const [at, setAt] = useState<number | null>(null)
  const isWanted = useRef(false)

  const undo = () => {
    isWanted.current = false
    setAt(null)
  }
  const now = () => {
    undo()
    site.vitrine.jobs.delete(id).then(() => site.go(jobsPath(site.base)), onError)
  }

  useEffect(() => {
    const leave = () => {
      // A request that goes on after its page has gone.
      if (isWanted.current)
        void fetch(`${site.base}/api/v1/jobs/${id}`, { method: 'DELETE', keepalive: true })
      isWanted.current = false
    }
    window.addEventListener('pagehide', leave)
    return () => {
      window.removeEventListener('pagehide', leave)
      leave()
    }
  }, [site.base, id])

  useEffect(() => {
    if (at === null) return undefined
    const timer = setTimeout(now, at - Date.now())
    return () => clearTimeout(timer)
  }, [at])

  const begin = () => {
    isWanted.current = true
    setAt(Date.now() + undoMs)
  }
  return { at, begin, undo, now }
}
