import { connectDesktop, type Desktop } from './rfb.ts'
import { statusText } from './status-text.ts'
import { readVncParameters } from './vnc-parameters.ts'

const parameters = readVncParameters(new URL(location.href))
const stage = element('stage', HTMLElement)
const status = element('status', HTMLElement)
const retry = element('retry', HTMLButtonElement)
const viewOnly = element('view-only', HTMLButtonElement)
const fullScreen = element('full-screen', HTMLButtonElement)

const job = /job-[0-9a-z]{12}/.exec(location.pathname)?.[0]
const name = job ? `Desktop of ${job}` : 'Desktop'
element('name', HTMLElement).textContent = name
document.title = `${name} · Vitrine`

let desktop: Desktop | undefined
let isViewOnly = parameters.viewOnly
showViewOnly()

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
viewOnly.addEventListener('click', () => {
  isViewOnly = !isViewOnly
  desktop?.setViewOnly(isViewOnly)
  showViewOnly()
})
fullScreen.hidden = !document.fullscreenEnabled
fullScreen.addEventListener('click', () => void document.documentElement.requestFullscreen())

function connect(): void {
  retry.textContent = 'Connect now'
  desktop = connectDesktop(stage, {
    url: parameters.url,
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

function showViewOnly(): void {
  viewOnly.setAttribute('aria-pressed', String(isViewOnly))
}

function element<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id)
  if (!(found instanceof type)) throw new Error(`vnc.html has no ${type.name} #${id}`)
  return found
}
