import RFB from '@novnc/novnc'
import { backOff } from '../back-off.ts'
import { leaveOnChord } from '../leave-chord.ts'
import { panAndZoom } from './pan-and-zoom.ts'
import type { Resize } from './vnc-parameters.ts'

export type DesktopStatus =
  | { state: 'connecting' }
  | { state: 'live' }
  | { state: 'reconnecting'; reason: string; seconds: number }
  | { state: 'closed'; reason: string }

/** How a desktop is shown. */
export type View = {
  resize: Resize
  /** How many times larger than what fits it is: 1 or more, of `scale`. */
  zoom: number
  /** Whether fingers move what is seen of it, or are its mouse. */
  fingers: 'move' | 'drive'
}

export type DesktopOptions = {
  url: string
  /** By which id the server knows this viewer. */
  viewer: string
  viewOnly: boolean
  view: View
  /** What the desktop is called to those who can’t see it. */
  label: string
  onStatus: (status: DesktopStatus) => void
  /** Fingers have zoomed it. */
  onZoom: (zoom: number) => void
  /** Something was copied on the desktop. */
  onCopied: (text: string) => void
}

export type Desktop = Disposable & {
  setViewOnly: (viewOnly: boolean) => void
  setView: (view: View) => void
  /** Puts a text on the desktop’s clipboard. */
  paste: (text: string) => void
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
  let { viewOnly, view } = options
  let session: Session | undefined
  let lastPicture: HTMLElement | undefined
  let failures = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  const connect = () => {
    clearTimeout(timer)
    options.onStatus({ state: 'connecting' })
    session = openSession(target, { ...options, viewOnly, view }, { onLive, onEnd })
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
  const setView = (wanted: View) => {
    view = wanted
    session?.setView(wanted)
  }
  const connectNow = () => {
    if (!session) connect()
  }

  window.addEventListener('online', connectNow, { signal: life.signal })
  leaveOnChord(target, life.signal)
  const onZoom = (zoom: number) => {
    setView({ ...view, resize: 'scale', zoom })
    options.onZoom(zoom)
  }
  panAndZoom(target, { isOn: () => view.fingers === 'move', zoom: () => view.zoom, onZoom }, life.signal)
  connect()

  return {
    setViewOnly: (wanted) => {
      viewOnly = wanted
      session?.setViewOnly(wanted)
    },
    setView,
    paste: (text) => session?.paste(text),
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
type Session = Pick<Desktop, 'setViewOnly' | 'setView' | 'paste' | 'drives'> & { close: () => void }
type SessionOptions = Pick<DesktopOptions, 'url' | 'viewer' | 'viewOnly' | 'view' | 'label' | 'onCopied'>

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

  let { view } = options
  const setView = (wanted: View) => {
    view = wanted
    layer.style.setProperty('--zoom', String(view.zoom))
    rfb.scaleViewport = view.resize === 'scale'
    rfb.resizeSession = view.resize === 'remote'
  }
  setView(options.view)
  const size = new MutationObserver(() => {
    layer.style.setProperty('--aspect', String(canvas.width / Math.max(1, canvas.height)))
  })
  size.observe(canvas, { attributeFilter: ['width', 'height'] })
  rfb.addEventListener('clipboard', (event) => options.onCopied(event.detail.text))

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
    rfb.resizeSession = view.resize === 'remote'
  }
  return {
    setViewOnly,
    setView,
    paste: (text) => rfb.clipboardPasteFrom(text),
    drives,
    close: () => rfb.disconnect(),
  }
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
