import { render } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { ControlBar } from './control-bar.tsx'
import { controlAddress, controlCalls, GoneError } from './control-calls.ts'
import { DesktopTools } from './desktop-tools.tsx'
import { statusText } from './status-text.ts'
import { useDesktop } from './use-desktop.ts'
import { readVncParameters } from './vnc-parameters.ts'

const parameters = readVncParameters(new URL(location.href))
const address = controlAddress(new URL(location.href), new URL(parameters.url))
const job = /job-[0-9a-z]{12}/.exec(location.pathname)?.[0]
const isShared = /\/s\/[^/]+\/$/.test(location.pathname)
const name = job ? `Desktop of ${job}` : isShared ? 'Shared desktop' : 'Desktop'

/** A desktop on a page of its own: a job’s, a shared one, or that of a sandbox that runs alone. */
function VncPage() {
  const stage = useRef<HTMLElement>(null)
  const [isOpen, setOpen] = useState(parameters.autoconnect)
  const desktop = useDesktop(stage, { ...parameters, label: name, isOpen, key: '' })
  const { status, isViewOnly, setViewOnly } = desktop
  const [hasControl, setControl] = useState(address !== null)
  const calls = useMemo(() => controlCalls(address ?? ''), [])
  const state = isOpen ? status.state : 'closed'
  useEffect(() => {
    document.body.dataset['state'] = state
  }, [state])
  // Where there is nobody to ask, whoever watches drives.
  useEffect(() => {
    if (!hasControl) desktop.onDriving(!isViewOnly)
  }, [hasControl, isViewOnly])

  /** A share link that is good no longer has a page that says so. */
  const onControlError = (error: unknown) => {
    if (!(error instanceof GoneError)) return
    if (isShared) location.reload()
    else setControl(false)
  }

  return (
    <>
      <header class="vnc-bar">
        <h1>{name}</h1>
        <p role="status">
          {isOpen ? statusText(status) : `Not connected. The desktop is at ${parameters.url}`}
        </p>
        <div class="vnc-actions">
          {!isOpen && (
            <button type="button" onClick={() => setOpen(true)}>
              Connect
            </button>
          )}
          {isOpen && (status.state === 'reconnecting' || status.state === 'closed') && (
            <button type="button" onClick={desktop.connectNow}>
              Connect now
            </button>
          )}
          {hasControl ? (
            <ControlBar
              calls={calls}
              isViewOnly={isViewOnly}
              setViewOnly={setViewOnly}
              onDriving={desktop.onDriving}
              onError={onControlError}
            />
          ) : (
            <button type="button" aria-pressed={isViewOnly} onClick={() => setViewOnly(!isViewOnly)}>
              View only
            </button>
          )}
          <DesktopTools desktop={desktop} />
          {document.fullscreenEnabled && (
            <button type="button" onClick={() => void document.documentElement.requestFullscreen()}>
              Full screen
            </button>
          )}
        </div>
      </header>
      <main class="stage" aria-label="Desktop" ref={stage} />
    </>
  )
}

document.title = `${name} · Vitrine`
render(<VncPage />, document.getElementById('app')!)
