import { ClipboardDialog } from './clipboard-dialog.tsx'
import type { useDesktop } from './use-desktop.ts'

const zooms = [1.5, 2, 3, 4]
const hasFingers = matchMedia('(any-pointer: coarse)').matches

/** How a desktop is shown, and what goes to and from its clipboard. */
export function DesktopTools({ desktop }: { desktop: ReturnType<typeof useDesktop> }) {
  const { view, setView, copied, drives, paste } = desktop
  const shown = view.resize === 'scale' ? String(view.zoom) : view.resize
  const choose = (wanted: string) => {
    if (wanted === 'off' || wanted === 'remote') setView({ ...view, resize: wanted, zoom: 1 })
    else setView({ ...view, resize: 'scale', zoom: Number(wanted) })
  }
  return (
    <div class="desktop-tools">
      <select
        aria-label="Size of the desktop"
        value={shown}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        <option value="1">Fit</option>
        {[...new Set([...zooms, ...(view.zoom > 1 ? [view.zoom] : [])])]
          .toSorted((a, b) => a - b)
          .map((zoom) => (
            <option key={zoom} value={zoom}>
              {Math.round(zoom * 100)} %
            </option>
          ))}
        <option value="off">Pixel for pixel</option>
        <option value="remote">Resize to the window</option>
      </select>
      {view.resize === 'remote' && !drives && <span class="hint">It is resized when you drive.</span>}
      {hasFingers && drives && (
        <button
          type="button"
          aria-pressed={view.fingers === 'move'}
          onClick={() => setView({ ...view, fingers: view.fingers === 'move' ? 'drive' : 'move' })}
        >
          Fingers move the view
        </button>
      )}
      <ClipboardDialog paste={paste} copied={copied} drives={drives} />
    </div>
  )
}
