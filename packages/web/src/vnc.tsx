import { render } from 'preact'
import { ControlBar } from './control-bar.tsx'
import { controlAddress, controlCalls, GoneError, viewer } from './control-calls.ts'
import { connectDesktop, type Desktop } from './rfb.ts'
import { statusText } from './status-text.ts'
import { readVncParameters } from './vnc-parameters.ts'

const parameters = readVncParameters(new URL(location.href))
const stage = element('stage', HTMLElement)
const status = element('status', HTMLElement)
const retry = element('retry', HTMLButtonElement)
const control = element('control', HTMLElement)
const fullScreen = element('full-screen', HTMLButtonElement)

const job = /job-[0-9a-z]{12}/.exec(location.pathname)?.[0]
const isShared = /\/s\/[^/]+\/$/.test(location.pathname)
const name = job ? `Desktop of ${job}` : isShared ? 'Shared desktop' : 'Desktop'
element('name', HTMLElement).textContent = name
document.title = `${name} · Vitrine`

let desktop: Desktop | undefined
let isViewOnly = parameters.viewOnly
const address = controlAddress(new URL(location.href), new URL(parameters.url))
const calls = address === null ? null : controlCalls(address)
let hasControl = calls !== null
showControl()

if (parameters.autoconnect) connect()
else {
  document.body.dataset['state'] = 'closed'
  status.textContent = `Not connected. The desktop is at ${parameters.url}`
  retry.textContent = 'Connect'
  retry.hidden = false
}

retry.addEventListener('click', () => {
  if (desktop) desktop.connectNow()
  else connect()
})
fullScreen.hidden = !document.fullscreenEnabled
fullScreen.addEventListener('click', () => void document.documentElement.requestFullscreen())

function connect(): void {
  retry.textContent = 'Connect now'
  desktop = connectDesktop(stage, {
    url: parameters.url,
    viewer,
    viewOnly: isViewOnly,
    resize: parameters.resize,
    label: name,
    onStatus: (now) => {
      document.body.dataset['state'] = now.state
      status.textContent = statusText(now)
      retry.hidden = now.state === 'live' || now.state === 'connecting'
    },
  })
}

function setViewOnly(wanted: boolean): void {
  isViewOnly = wanted
  desktop?.setViewOnly(wanted)
  showControl()
}

/** A sandbox that runs alone has one desktop, whoever watches, and no server to ask. */
function showControl(): void {
  const toggle = (
    <button type="button" aria-pressed={isViewOnly} onClick={() => setViewOnly(!isViewOnly)}>
      View only
    </button>
  )
  const bar = calls && (
    <ControlBar
      calls={calls}
      isViewOnly={isViewOnly}
      setViewOnly={setViewOnly}
      onDriving={(drives) => drives && desktop?.drives()}
      onError={onControlError}
    />
  )
  render(hasControl ? bar : toggle, control)
}

/** A share link that is good no longer has a page that says so. */
function onControlError(error: unknown): void {
  if (!(error instanceof GoneError)) return
  if (isShared) return location.reload()
  hasControl = false
  showControl()
}

function element<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id)
  if (!(found instanceof type)) throw new Error(`vnc.html has no ${type.name} #${id}`)
  return found
}
