import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Header } from './header.tsx'
import type { Site } from './site.ts'

/** A page whose code is loaded when it is opened first, or before, once the browser has nothing else to do. */
export function latePage<Props extends { site: Site }>(
  load: () => Promise<ComponentType<Props>>,
): ComponentType<Props> {
  let loaded: Promise<ComponentType<Props>> | undefined
  let ready: ComponentType<Props> | undefined
  const begin = () =>
    (loaded ??= load().then(
      (page) => (ready = page),
      (error: unknown) => {
        loaded = undefined
        throw error
      },
    ))
  whenIdle(() => void begin().catch(() => {}))

  return function Late(props: Props) {
    const [Page, setPage] = useState<ComponentType<Props> | undefined>(() => ready)
    const [isLost, setLost] = useState(false)
    useEffect(() => {
      begin().then(
        (page) => setPage(() => page),
        () => setLost(true),
      )
    }, [])
    if (Page) return <Page {...props} />
    return (
      <>
        <Header site={props.site} />
        <main class="plain">
          <h1 class={isLost ? undefined : 'unseen'} tabIndex={-1}>
            {isLost ? 'This page could not be loaded' : 'Loading'}
          </h1>
          {isLost && (
            <p role="status">
              The server does not answer, or was updated since. <a href={location.href}>Load it again</a>
            </p>
          )}
        </main>
      </>
    )
  }
}

function whenIdle(act: () => void): void {
  // Safari has no requestIdleCallback.
  if ('requestIdleCallback' in window) requestIdleCallback(act, { timeout: 3000 })
  else setTimeout(act, 1000)
}
