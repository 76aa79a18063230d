import { useEffect, useRef, useState } from 'preact/hooks'
import { pageSeen, pause } from '../polled.ts'
import type { Job, Site } from '../site.ts'

/** With the time that a picture takes to come, none is older than two seconds. */
const everyMilliseconds = 1500

/** A job's desktop as a small picture, kept fresh while it is live and on the screen. */
export function Thumbnail({ site, job }: { site: Site; job: Job }) {
  const box = useRef<HTMLDivElement>(null)
  const isOnScreen = useOnScreen(box)
  const picture = usePicture(site, job.id, job.desktop.state === 'live', isOnScreen)
  return (
    <div class="thumbnail" ref={box}>
      {picture ? <img src={picture} alt="" /> : <p>{emptyWord[job.desktop.state]}</p>}
    </div>
  )
}

const emptyWord: Record<Job['desktop']['state'], string> = {
  closed: 'No desktop',
  opening: 'Desktop opens …',
  live: 'Desktop is live',
}

function usePicture(site: Site, id: string, isLive: boolean, isOnScreen: boolean): string | undefined {
  const [picture, setPicture] = useState<string>()

  useEffect(() => {
    if (!isLive) setPicture(undefined)
    if (!isLive || !isOnScreen) return undefined
    const life = new AbortController()
    const keepLooking = async () => {
      while (!life.signal.aborted) {
        await pageSeen(life.signal)
        const next = pause(everyMilliseconds, life.signal)
        const blob = await fetchPicture(site, id, life.signal)
        if (blob && !life.signal.aborted) setPicture(URL.createObjectURL(blob))
        await next
      }
    }
    void keepLooking()
    return () => life.abort()
  }, [site.vitrine, id, isLive, isOnScreen])

  useEffect(() => () => (picture === undefined ? undefined : URL.revokeObjectURL(picture)), [picture])
  return picture
}

/** Undefined where there is none now: the list tells soon what became of the job. */
async function fetchPicture(site: Site, id: string, signal: AbortSignal): Promise<Blob | undefined> {
  try {
    return await (await site.vitrine.jobs.screenshot(id, { signal })).blob()
  } catch {
    return undefined
  }
}

function useOnScreen(box: { current: HTMLElement | null }): boolean {
  const [isOnScreen, setOnScreen] = useState(false)
  useEffect(() => {
    if (!box.current) return undefined
    const observer = new IntersectionObserver((seen) => setOnScreen(seen.at(-1)?.isIntersecting ?? false))
    observer.observe(box.current)
    return () => observer.disconnect()
  }, [])
  return isOnScreen
}
