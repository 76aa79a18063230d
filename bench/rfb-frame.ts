import { setTimeout as sleep } from 'node:timers/promises'
import { createWebSocketStream, WebSocket } from 'ws'
import { openRfb } from '../packages/server/src/desktops/rfb.ts'

/** Reads a desktop's first frame, whole and uncompressed, over the WebSocket at `url`. */
export async function firstFrame(url: string, token: string | null, signal: AbortSignal): Promise<void> {
  const webSocket = new WebSocket(url, 'binary', {
    perMessageDeflate: false,
    ...(token !== null && { headers: { authorization: `Bearer ${token}` } }),
  })
  try {
    const desktop = await openRfb(createWebSocketStream(webSocket), signal)
    const { width, height } = await desktop.readFrame()
    if (width !== 1280 || height !== 800) throw new Error(`${url} shows ${width}×${height}, not 1280×800`)
  } finally {
    webSocket.terminate()
  }
}

/** The same where nothing may listen yet: asks again every few milliseconds, as a person's browser could at best. */
export async function firstFrameOnceUp(url: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      return await firstFrame(url, null, signal)
    } catch {
      signal.throwIfAborted()
      await sleep(3, undefined, { signal })
    }
  }
}
