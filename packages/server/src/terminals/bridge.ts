import { finished, type Duplex } from 'node:stream'
import { sizeFrame, terminalAhead, TerminalMessage, typedFrames } from '@vitrine/contract/terminal.ts'
import type { WebSocket } from 'ws'
import { closeCode, closeViewer } from '../desktops/close-viewer.ts'

/**
 * Copies between a terminal and its shell until one of them ends: where the shell did, the terminal is closed with 1000,
 * and with 1001 where the connection to it broke.
 *
 * Neither side holds more than its stream's high-water mark: a terminal that shows slowly stops the shell's printing, and
 * a shell that reads slowly the terminal's sending.
 */
export function bridgeTerminal(terminal: WebSocket, shell: Duplex, onOutput: (bytes: Buffer) => void): void {
  let ahead = 0
  shell.on('data', (bytes: Buffer) => {
    onOutput(bytes)
    terminal.send(bytes)
    ahead += bytes.length
    if (ahead >= terminalAhead) shell.pause()
  })
  const obey = (message: TerminalMessage) => {
    if ('size' in message) return void shell.write(sizeFrame(message.size))
    ahead = Math.max(0, ahead - message.shown)
    if (ahead < terminalAhead) shell.resume()
  }
  terminal.on('message', (data: Buffer, isBinary) => {
    if (terminal.readyState !== terminal.OPEN || !shell.writable) return
    const message = isBinary ? undefined : parse(data)
    if (isBinary) for (const frame of typedFrames(data)) shell.write(frame)
    else if (message) obey(message)
    else closeViewer(terminal, closeCode.wrongData, 'a text message must be the size, or how much was shown')
    if (shell.writableNeedDrain) terminal.pause()
  })
  shell.on('drain', () => terminal.resume())
  terminal.resume()

  finished(shell, { writable: false }, (error) => {
    if (error) closeViewer(terminal, closeCode.goingAway, 'the connection to the shell broke')
    else closeViewer(terminal, closeCode.normal, 'the shell ended')
  })
  terminal.once('close', () => shell.destroy())
}

function parse(data: Buffer): TerminalMessage | undefined {
  try {
    return TerminalMessage.safeParse(JSON.parse(data.toString())).data
  } catch {
    return undefined
  }
}
