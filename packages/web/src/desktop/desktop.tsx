import { useMemo, useRef } from 'preact/hooks'
import { streamUrl } from '../address.ts'
import type { Job, Site } from '../site.ts'
import { title } from '../words.ts'
import { ControlBar } from './control-bar.tsx'
import { controlCalls } from './control-calls.ts'
import { DesktopTools } from './desktop-tools.tsx'
import { statusText } from './status-text.ts'
import { useDesktop } from './use-desktop.ts'

/** A job's desktop, live; where there is none, why. */
export function Desktop({ site, job }: { site: Site; job: Job }) {
  const stage = useRef<HTMLDivElement>(null)
  const isOpen = job.desktop.state === 'live'
  const desktop = useDesktop(stage, {
    url: streamUrl(new URL(location.href), site.base, job.id),
    label: `Desktop of ${title(job)}`,
    isOpen,
    key: `${job.id} ${job.run}`,
    viewOnly: false,
    resize: 'scale',
  })
  const { status } = desktop
  const calls = useMemo(() => controlCalls(`${site.base}/api/v1/jobs/${job.id}/control`), [site.base, job.id])

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
      {/* There before anything is on it: what stands below keeps its place. */}
      <div class="case-bar">
        {isOpen && (
          <>
            <p role="status">{statusText(status)}</p>
            <ControlBar
              calls={calls}
              isViewOnly={desktop.isViewOnly}
              setViewOnly={desktop.setViewOnly}
              onDriving={desktop.onDriving}
              onError={() => {}}
            />
            <div class="case-tools">
              {(status.state === 'reconnecting' || status.state === 'closed') && (
                <button type="button" onClick={desktop.connectNow}>
                  Connect now
                </button>
              )}
              <DesktopTools desktop={desktop} />
              {document.fullscreenEnabled && (
                <button type="button" onClick={() => void stage.current?.requestFullscreen()}>
                  Full screen
                </button>
              )}
            </div>
          </>
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
