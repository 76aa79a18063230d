import { useEffect, useRef, useState } from 'preact/hooks'
import type { Job, Site } from '../site.ts'
import { problemText, title } from '../words.ts'
import type { ShownTerminal, TerminalStatus } from './xterm.ts'

/** A shell in the job's sandbox, for as long as its desktop is live. xterm.js is loaded with the first one. */
export function Terminal({ site, job }: { site: Site; job: Job }) {
  const target = useRef<HTMLDivElement>(null)
  const shown = useRef<ShownTerminal>(undefined)
  const [status, setStatus] = useState<TerminalStatus>({ state: 'connecting' })
  const isLive = job.desktop.state === 'live'

  useEffect(() => {
    if (!isLive) return undefined
    const life = new AbortController()
    const load = async () => {
      setStatus({ state: 'connecting' })
      try {
        const { showTerminal } = await import('./xterm.ts')
        if (life.signal.aborted || !target.current) return
        shown.current = showTerminal(target.current, {
          open: (size) => site.vitrine.jobs.terminal(job.id, size),
          label: `Terminal of ${title(job)}. Control, Alt and Shift together leave it.`,
          onStatus: (status) => life.signal.aborted || setStatus(status),
        })
      } catch (error) {
        setStatus({ state: 'ended', reason: `Reload this page: ${problemText(error)}` })
      }
    }
    void load()
    return () => {
      life.abort()
      shown.current?.[Symbol.dispose]()
      shown.current = undefined
    }
  }, [isLive, job.id, job.run])

  if (!isLive) {
    return <p class="none">A terminal runs beside the live desktop. {absence(job)}</p>
  }
  return (
    <div class="terminal" data-state={status.state}>
      {/* xterm.js’s: nothing in here is ours. */}
      <div class="terminal-glass" ref={target} />
      <div class="terminal-bar">
        <p role="status">{word(status)}</p>
        {status.state === 'ended' && (
          <button
            type="button"
            onClick={() => {
              shown.current?.again()
              shown.current?.focus()
            }}
          >
            New shell
          </button>
        )}
        <p class="hint">
          <kbd>Ctrl</kbd> <kbd>Alt</kbd> <kbd>Shift</kbd> together give the keyboard back to the page.
        </p>
      </div>
    </div>
  )
}

function word(status: TerminalStatus): string {
  if (status.state === 'connecting') return 'Connecting …'
  if (status.state === 'live') return 'A shell in /output; what runs in it ends with it.'
  if (status.state === 'reconnecting') return `${status.reason} A new shell begins soon.`
  return status.reason
}

function absence(job: Job): string {
  return job.desktop.state === 'opening' ? 'It opens …' : 'Open the desktop to have one.'
}
