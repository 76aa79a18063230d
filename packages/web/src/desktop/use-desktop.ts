import type { RefObject } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { problemText } from '../words.ts'
import { viewer } from './control-calls.ts'
import type { Desktop, DesktopStatus, View } from './rfb.ts'
import type { Resize } from './vnc-parameters.ts'

/**
 * The desktop at `url`, shown in `stage` while `isOpen`; another `key` begins anew. noVNC is loaded with the first one. What
 * is returned is all that a page shows of it, and can do with it.
 */
export function useDesktop(
  stage: RefObject<HTMLElement | null>,
  wanted: { url: string; label: string; isOpen: boolean; key: string; viewOnly: boolean; resize: Resize },
) {
  const connection = useRef<Desktop>(undefined)
  const [status, setStatus] = useState<DesktopStatus>({ state: 'connecting' })
  const [isViewOnly, setViewOnly] = useState(wanted.viewOnly)
  const [view, setView] = useState<View>({ resize: wanted.resize, zoom: 1, fingers: 'move' })
  const [copied, setCopied] = useState<string | null>(null)
  const [drives, setDrives] = useState(false)

  useEffect(() => {
    if (!wanted.isOpen) return undefined
    const life = new AbortController()
    const connect = async () => {
      setStatus({ state: 'connecting' })
      try {
        const { connectDesktop } = await import('./rfb.ts')
        if (life.signal.aborted || !stage.current) return
        connection.current = connectDesktop(stage.current, {
          url: wanted.url,
          viewer,
          viewOnly: isViewOnly,
          view,
          label: wanted.label,
          onStatus: (status) => life.signal.aborted || setStatus(status),
          onZoom: (zoom) => setView((view) => ({ ...view, resize: 'scale', zoom })),
          onCopied: setCopied,
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
  }, [wanted.isOpen, wanted.key])
  useEffect(() => connection.current?.setView(view), [view])

  return {
    status,
    isViewOnly,
    setViewOnly: (wanted: boolean) => {
      connection.current?.setViewOnly(wanted)
      setViewOnly(wanted)
    },
    view,
    setView,
    copied,
    drives,
    /** Fingers are the mouse of who drives. */
    onDriving: (drives: boolean) => {
      setDrives(drives)
      setView((view) => ({ ...view, fingers: drives ? 'drive' : 'move' }))
      if (drives) connection.current?.drives()
    },
    paste: (text: string) => connection.current?.paste(text),
    connectNow: () => connection.current?.connectNow(),
  }
}
