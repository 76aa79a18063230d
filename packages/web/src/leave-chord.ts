/**
 * Lets the keyboard leave the desktop, which takes every key, Tab too (WCAG 2.1.2): Control, Alt and Shift pressed together
 * and released give the focus back to the page. It waits for the release, so that no key stays down over there.
 */
export function leaveOnChord(target: HTMLElement, signal: AbortSignal): void {
  let chord = false
  const onKey = (event: KeyboardEvent) => {
    if (event.type === 'keydown') chord = event.ctrlKey && event.altKey && event.shiftKey && isModifier(event)
    if (event.type === 'keyup' && chord && !event.ctrlKey && !event.altKey && !event.shiftKey) {
      chord = false
      // After noVNC has sent this last release.
      setTimeout(() => (event.target as HTMLElement).blur())
    }
  }
  target.addEventListener('keydown', onKey, { capture: true, signal })
  target.addEventListener('keyup', onKey, { capture: true, signal })
}

const isModifier = (event: KeyboardEvent) =>
  ['Control', 'Alt', 'Shift', 'Meta', 'AltGraph'].includes(event.key)
