import type { Terminal as Shell, TerminalEnd } from '@vitrine/sdk/terminal.ts'
import '@xterm/xterm/css/xterm.css'
import { FitAddon } from '@xterm/addon-fit'
import { Terminal } from '@xterm/xterm'
import { backOff } from '../back-off.ts'
import { leaveOnChord } from '../leave-chord.ts'
import { openWithoutInlineStyle } from './xterm-style.ts'

export type TerminalStatus =
  | { state: 'connecting' }
  | { state: 'live' }
  | { state: 'reconnecting'; reason: string }
  | { state: 'ended'; reason: string }

type Size = { columns: number; rows: number }

export type TerminalOptions = {
  open: (size: Size) => Shell
  label: string
  onStatus: (status: TerminalStatus) => void
}

export type ShownTerminal = Disposable & {
  /** Begins a new shell, after one ended. */
  again: () => void
  focus: () => void
}

/**
 * Shows a shell in `target`, fitted to its size. Where the connection broke a new shell is begun, with back-off; what was
 * printed stays to be read.
 */
export function showTerminal(target: HTMLElement, options: TerminalOptions): ShownTerminal {
  const life = new AbortController()
  const terminal = new Terminal({
    fontFamily: getComputedStyle(target).fontFamily,
    fontSize: 14,
    scrollback: 5000,
    screenReaderMode: true,
    theme,
    // A link’s text need not be where it leads (OSC 8): it stays text.
    linkHandler: { activate: () => {} },
  })
  const fit = new FitAddon()
  terminal.loadAddon(fit)
  openWithoutInlineStyle(() => terminal.open(target))
  terminal.textarea?.setAttribute('aria-label', options.label)
  leaveOnChord(target, life.signal)
  let shell: Shell | undefined

  const size = () => ({ columns: terminal.cols, rows: terminal.rows })
  const observer = new ResizeObserver(() => target.offsetWidth > 0 && fit.fit())
  observer.observe(target)
  fit.fit()
  terminal.onResize(() => void shell?.resize(size()))
  terminal.onData((typed) => void shell?.write(typed))
  terminal.onBinary((typed) => void shell?.write(Uint8Array.from(typed, (sign) => sign.charCodeAt(0))))

  const run = async () => {
    for (let failures = 1; !life.signal.aborted; failures++) {
      options.onStatus({ state: 'connecting' })
      shell = options.open(size())
      let hasPrinted = false
      for await (const bytes of shell.output) {
        if (!hasPrinted) options.onStatus({ state: 'live' })
        hasPrinted = true
        // Only what has been shown makes room for more.
        await new Promise<void>((resolve) => terminal.write(bytes, resolve))
      }
      const end = await shell.ended
      if (life.signal.aborted) return
      if (end.how !== 'broken') return options.onStatus({ state: 'ended', reason: sentence(end) })
      if (hasPrinted) failures = 1
      options.onStatus({ state: 'reconnecting', reason: sentence(end) })
      terminal.write('\r\n\x1b[0;2m— the connection broke; a new shell begins —\x1b[0m\r\n')
      await new Promise((resolve) => setTimeout(resolve, backOff(failures)))
    }
  }
  void run()

  return {
    again: () => {
      terminal.reset()
      void run()
    },
    focus: () => terminal.focus(),
    [Symbol.dispose]: () => {
      life.abort()
      observer.disconnect()
      shell?.close()
      terminal.dispose()
    },
  }
}

const theme = {
  background: '#0b1211',
  foreground: '#dfe9e6',
  cursor: '#dcb169',
  cursorAccent: '#0b1211',
  selectionBackground: '#2b5a55',
}

const sentence = ({ reason }: TerminalEnd) =>
  reason.slice(0, 1).toUpperCase() + reason.slice(1) + (/[.!?]$/.test(reason) ? '' : '.')
