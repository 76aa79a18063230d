import RFB from '@novnc/novnc'
import { backOff } from './back-off.ts'
import { leaveOnChord } from './leave-chord.ts'
import type { Resize } from './vnc-parameters.ts'

export type DesktopStatus =
  | { state: 'connecting' }
  | { state: 'live' }
  | { state: 'reconnecting'; reason: string; seconds: number }
  | { state: 'closed'; reason: string }

export type DesktopOptions = {
  url: string
  /** By which id the server knows this viewer. */
  viewer: string
  viewOnly: boolean
  resize: Resize
  /** What the desktop is called to those who can’t see it. */
  label: string
  onStatus: (status: DesktopStatus) => void
}

export type Desktop = Disposable & {
  setViewOnly: (viewOnly: boolean) => void
  /** Sends what only who drives can: the size of its window, where it was asked for. */
  drives: () => void
  /** Ends a pause between tries, or begins again after `closed`. */
  connectNow: () => void
}

/**
 * Shows a desktop in `target` and keeps it there: reconnects with back-off, holds the last picture meanwhile. Ends with
 * `closed` only where a new try can’t help: the desktop wants a password, or a share link is good no longer.
 */
export function connectDesktop(target: HTMLElement, options: DesktopOptions): Desktop {
  const life = new AbortController()
  let viewOnly = options.viewOnly
  let session: Session | undefined
  let lastPicture: HTMLElement | undefined
  let failures = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  const connect = () => {
    clearTimeout(timer)
    options.onStatus({ state: 'connecting' })
    session = openSession(target, { ...options, viewOnly }, { onLive, onEnd })
  }
  const onLive = () => {
    failures = 0
    lastPicture?.remove()
    lastPicture = undefined
    options.onStatus({ state: 'live' })
  }
  const onEnd = (end: SessionEnd) => {
    session = undefined
    if (end.picture) {
      lastPicture?.remove()
      lastPicture = end.picture
    }
    if (life.signal.aborted) return
    if (end.final) return options.onStatus({ state: 'closed', reason: end.reason })
    failures += 1
    const pause = backOff(failures)
    timer = setTimeout(connect, pause)
    options.onStatus({ state: 'reconnecting', reason: end.reason, seconds: Math.ceil(pause / 1000) })
  }
  const connectNow = () => {
    if (!session) connect()
  }

  window.addEventListener('online', connectNow, { signal: life.signal })
  leaveOnChord(target, life.signal)
  connect()

  return {
    setViewOnly: (wanted) => {
      viewOnly = wanted
      session?.setViewOnly(wanted)
    },
    drives: () => session?.drives(),
    connectNow,
    [Symbol.dispose]: () => {
      life.abort()
      clearTimeout(timer)
      session?.close()
      target.replaceChildren()
    },
  }
}

type SessionEnd = { reason: string; final: boolean; picture: HTMLElement | undefined }
type Session = { setViewOnly: (viewOnly: boolean) => void; drives: () => void; close: () => void }
type SessionOptions = Pick<DesktopOptions, 'url' | 'viewer' | 'viewOnly' | 'resize' | 'label'>

/** One connection. `onEnd` is called once; its picture is what was last seen, still in `target`. */
function openSession(
  target: HTMLElement,
  options: SessionOptions,
  calls: { onLive: () => void; onEnd: (end: SessionEnd) => void },
): Session {
  const layer = document.createElement('div')
  layer.className = 'stage-layer'
  target.append(layer)

  // Our own socket, for noVNC keeps the close code to itself.
  const socket = new WebSocket(address(options))
  let closing: CloseEvent | undefined
  let refusal: string | undefined
  socket.addEventListener('close', (event) => (closing = event))

  const rfb = new RFB(layer, socket, { shared: true })
  rfb.background = 'transparent'
  rfb.showDotCursor = true
  rfb.scaleViewport = options.resize === 'scale'
  rfb.resizeSession = options.resize === 'remote'

  const screen = layer.firstElementChild
  const canvas = layer.querySelector('canvas')
  if (!screen || !canvas) throw new Error('noVNC made no canvas')
  canvas.setAttribute('role', 'application')
  canvas.setAttribute('aria-label', `${options.label}. Control, Alt and Shift together leave it.`)

  const setViewOnly = (viewOnly: boolean) => {
    rfb.viewOnly = viewOnly
    canvas.tabIndex = viewOnly ? -1 : 0
  }
  setViewOnly(options.viewOnly)

  const look = setInterval(() => {
    if (!hasPicture(canvas)) return
    clearInterval(look)
    calls.onLive()
  }, 50)

  const refuse = (reason: string) => {
    refusal = reason
    rfb.disconnect()
  }
  rfb.addEventListener('credentialsrequired', () =>
    refuse('The desktop asks for a password, which this page does not send.'),
  )
  rfb.addEventListener('securityfailure', (event) =>
    refuse(event.detail.reason ?? 'The desktop refused the connection.'),
  )
  rfb.addEventListener('disconnect', () => {
    clearInterval(look)
    const picture = hasPicture(canvas) ? layer : undefined
    layer.inert = true
    layer.dataset['stale'] = ''
    if (picture) picture.append(screen)
    else layer.remove()
    calls.onEnd({ ...endOf(closing, refusal), picture })
  })

  const drives = () => {
    // Set again, it asks again: the server has dropped what was asked before this viewer drove.
    rfb.resizeSession = options.resize === 'remote'
  }
  return { setViewOnly, drives, close: () => rfb.disconnect() }
}

function address({ url, viewer, viewOnly }: SessionOptions): string {
  const full = new URL(url)
  full.searchParams.set('viewer', viewer)
  if (viewOnly) full.searchParams.set('view_only', '1')
  return full.href
}

/** noVNC tells nothing of the first update; a canvas is transparent until one was drawn. */
function hasPicture(canvas: HTMLCanvasElement): boolean {
  if (canvas.width === 0 || canvas.height === 0) return false
  const pixel = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })
  pixel?.drawImage(canvas, 0, 0)
  return pixel?.getImageData(0, 0, 1, 1).data[3] !== 0
}

/** The server shows this viewer nothing more (RFC 6455, 7.4.1). */
const refused = 1008

function endOf(closing: CloseEvent | undefined, refusal: string | undefined) {
  if (refusal !== undefined) return { reason: refusal, final: true }
  if (!closing) return { reason: 'The desktop sent something that is not RFB.', final: false }
  const silence = closing.code === 1006 ? 'No connection to the desktop.' : 'The connection ended.'
  const reason = closing.reason === '' ? silence : sentence(closing.reason)
  return { reason, final: closing.code === refused }
}

const sentence = (text: string) =>
  text.slice(0, 1).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? '' : '.')
