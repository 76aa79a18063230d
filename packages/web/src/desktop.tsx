import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { streamUrl } from './address.ts'
import { ControlBar } from './control-bar.tsx'
import { controlCalls, viewer } from './control-calls.ts'
import type { Desktop as Connection, DesktopStatus } from './rfb.ts'
import type { Job, Site } from './site.ts'
import { statusText } from './status-text.ts'
import { problemText, title } from './words.ts'

/** A job's desktop, live; where there is none, why. noVNC is loaded with the first one. */
export function Desktop({ site, job }: { site: Site; job: Job }) {
  const stage = useRef<HTMLDivElement>(null)
  const connection = useRef<Connection>(undefined)
  const [status, setStatus] = useState<DesktopStatus>({ state: 'connecting' })
  const [isViewOnly, setViewOnly] = useState(false)
  const isOpen = job.desktop.state === 'live'

  useEffect(() => {
    if (!isOpen) return undefined
    const life = new AbortController()
    const connect = async () => {
      setStatus({ state: 'connecting' })
      try {
        const { connectDesktop } = await import('./rfb.ts')
        if (life.signal.aborted || !stage.current) return
        connection.current = connectDesktop(stage.current, {
          url: streamUrl(new URL(location.href), site.base, job.id),
          viewer,
          viewOnly: isViewOnly,
          resize: 'scale',
          label: `Desktop of ${title(job)}`,
          onStatus: (status) => life.signal.aborted || setStatus(status),
        })
      } catch (error) {
        setStatus({
          state: 'closed',
          reason: `Reload this page: its viewer could not start (${problemText(error)}).`,
        })
      }
    }
    void connect()
    return () => {
      life.abort()
      connection.current?.[Symbol.dispose]()
      connection.current = undefined
    }
  }, [isOpen, job.id, job.run])

  const changeViewOnly = (wanted: boolean) => {
    connection.current?.setViewOnly(wanted)
    setViewOnly(wanted)
  }
  const calls = useMemo(() => controlCalls(`${site.base}/api/v1/jobs/${job.id}/control`), [site.base, job.id])
  const mayConnect = isOpen && (status.state === 'reconnecting' || status.state === 'closed')

  return (
    <section class="case" aria-labelledby="desktop" data-state={isOpen ? status.state : job.desktop.state}>
      <h2 id="desktop" class="unseen">
        Desktop
      </h2>
      <div class="case-glass">
        {/* noVNC's: nothing in here is ours. */}
        <div class="stage" ref={stage} key={String(isOpen)} />
        {!isOpen && <p class="stage-word">{absence(job)}</p>}
      </div>
      <div class="case-bar" hidden={!isOpen}>
        <p role="status">{isOpen && statusText(status)}</p>
        {mayConnect && (
          <button type="button" onClick={() => connection.current?.connectNow()}>
            Connect now
          </button>
        )}
        {isOpen && (
          <ControlBar
            calls={calls}
            isViewOnly={isViewOnly}
            setViewOnly={changeViewOnly}
            onDriving={(drives) => drives && connection.current?.drives()}
            onError={() => {}}
          />
        )}
        {document.fullscreenEnabled && (
          <button type="button" onClick={() => void stage.current?.requestFullscreen()}>
            Full screen
          </button>
        )}
      </div>
    </section>
  )
}

function absence(job: Job): string {
  if (job.desktop.state === 'opening') return 'The desktop opens …'
  if (job.state === 'queued') return job.waiting?.message ?? 'The desktop comes when the job starts.'
  if (job.state === 'starting') return 'A sandbox is being started …'
  return 'The desktop is closed.'
}
