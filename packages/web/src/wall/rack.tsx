import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { useNow } from '../polled.ts'
import type { Job, Site } from '../site.ts'
import { JobCard } from './job-card.tsx'

/** How far from what is seen cards are still made, in pixels. */
const nearby = '1200px 0px'

/** Some cards of the wall. Far from what is seen, an empty space of their height stands for them. */
export function Rack({ site, jobs }: { site: Site; jobs: readonly Job[] }) {
  const box = useRef<HTMLDivElement>(null)
  const height = useRef(0)
  const [isNear, setNear] = useState(true)

  useEffect(() => {
    const observer = new IntersectionObserver(
      (seen) => {
        const is = seen.at(-1)?.isIntersecting ?? true
        if (!is && box.current) height.current = box.current.offsetHeight
        setNear(is)
      },
      { rootMargin: nearby },
    )
    if (box.current) observer.observe(box.current)
    return () => observer.disconnect()
  }, [])
  useLayoutEffect(() => {
    if (box.current) box.current.style.blockSize = isNear ? '' : `${height.current}px`
  }, [isNear])

  return <div ref={box}>{isNear && <Cards site={site} jobs={jobs} />}</div>
}

/** So many cards fill a usual window: a page answers with these, and makes the others in the pictures after it. */
const cardsAtOnce = 12

function Cards({ site, jobs }: { site: Site; jobs: readonly Job[] }) {
  const now = useNow(1000)
  const [made, setMade] = useState(cardsAtOnce)
  const isWhole = made >= jobs.length
  useEffect(() => {
    if (isWhole) return undefined
    const next = requestAnimationFrame(() => setMade((made) => made + cardsAtOnce))
    return () => cancelAnimationFrame(next)
  }, [made, isWhole])
  return (
    <ul class="cards">
      {jobs.map((job, index) => (
        <li key={job.id}>{index < made && <JobCard site={site} job={job} now={now} />}</li>
      ))}
    </ul>
  )
}
