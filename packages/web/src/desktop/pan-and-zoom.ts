const most = 5

/**
 * Lets fingers move and zoom what `target` shows, while `isOn`: one finger scrolls, as the browser does it, two zoom. Nothing of
 * it reaches the desktop, not even the click that browsers make of a tap. `onZoom` gets the new zoom, 1 for the whole desktop.
 */
export function panAndZoom(
  target: HTMLElement,
  options: { isOn: () => boolean; zoom: () => number; onZoom: (zoom: number) => void },
  signal: AbortSignal,
): void {
  let pinch: Pinch | undefined

  const onTouch = (event: TouchEvent) => {
    if (!options.isOn()) return
    event.stopPropagation()
    const [one, other] = event.touches
    if (!one || !other) {
      pinch = undefined
      if (event.type === 'touchend' && event.cancelable) event.preventDefault()
      return
    }
    if (event.cancelable) event.preventDefault()
    const now = middleOf(target, one, other)
    if (!pinch || event.type === 'touchstart')
      pinch = { ...now, zoom: options.zoom(), ...placeOf(target, now) }
    const zoom = Math.min(most, Math.max(1, (pinch.zoom * now.apart) / pinch.apart))
    options.onZoom(Math.round(zoom * 100) / 100)
    // What was between the fingers stays there.
    target.scrollTo(pinch.right * target.scrollWidth - now.x, pinch.down * target.scrollHeight - now.y)
  }
  for (const type of ['touchstart', 'touchmove', 'touchend', 'touchcancel'] as const) {
    target.addEventListener(type, onTouch, { capture: true, passive: false, signal })
  }
}

/** `right` and `down` are parts of the whole picture; lengths are CSS pixels. */
type Pinch = { x: number; y: number; apart: number; zoom: number; right: number; down: number }

function middleOf(target: HTMLElement, one: Touch, other: Touch) {
  const box = target.getBoundingClientRect()
  return {
    x: (one.clientX + other.clientX) / 2 - box.left,
    y: (one.clientY + other.clientY) / 2 - box.top,
    apart: Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY),
  }
}

function placeOf(target: HTMLElement, { x, y }: { x: number; y: number }) {
  return {
    right: (target.scrollLeft + x) / target.scrollWidth,
    down: (target.scrollTop + y) / target.scrollHeight,
  }
}
