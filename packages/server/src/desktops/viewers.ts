import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { ViewerId } from '@vitrine/contract/control.ts'
import type { WebSocket } from 'ws'
import { bridge } from './bridge.ts'
import { closeCode, closeViewer } from './close-viewer.ts'
import type { Controls } from './control.ts'
import type { Participant, Seat } from './lease.ts'
import { openFailure, openWithin } from './open-failure.ts'
import { createSockets } from './sockets.ts'

/** The job whose desktop a viewer comes to see; for a guest, the share link that it came by. */
export type Entry = { job: string; share: ShareEntry | null }
export type ShareEntry = { id: string; mayDrive: boolean }

type Viewer = { entry: Entry; webSocket: WebSocket }

/** Opens the RFB stream of a job's desktop; a `VitrineError`'s message is shown to the viewer. */
export type OpenDesktop = (job: string, signal: AbortSignal) => Promise<Duplex>

export type Viewers = AsyncDisposable & {
  /**
   * Takes an `upgrade` that was authorized before, and shows the job's desktop on it, as RFB in binary WebSocket messages,
   * until `over` aborts with the reason.
   */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer, over: AbortSignal, entry: Entry): void
  /** How many watch by this share link now. */
  guests(share: string): number
  closeAll(reason: string): void
}

/** The people and programs that watch desktops. `onCount` tells how many watch a job, each time that changes. */
export function createViewers(options: {
  open: OpenDesktop
  controls: Controls
  onCount?: (job: string, viewers: number) => void
}): Viewers {
  const viewers = new Set<Viewer>()
  const sockets = createSockets()

  const count = (job: string) =>
    options.onCount?.(job, [...viewers].filter((viewer) => viewer.entry.job === job).length)

  return {
    accept(request, socket, head, over, entry) {
      const { job, share } = entry
      sockets.accept(request, socket, head, over, (webSocket) => {
        const viewer: Viewer = { entry, webSocket }
        viewers.add(viewer)
        webSocket.once('close', () => {
          viewers.delete(viewer)
          count(job)
        })
        webSocket.on('message', (_data, isBinary) => {
          if (!isBinary) closeViewer(webSocket, closeCode.wrongData, 'a desktop takes binary messages only')
        })
        count(job)
        const { who, viewOnly } = participant(request, share)
        const takeSeat = (lost: () => void) => options.controls.connect(job, who, viewOnly, lost)
        void show({ webSocket, socket, takeSeat }, job, options.open)
      })
    },
    guests: (share) => [...viewers].filter(({ entry }) => entry.share?.id === share).length,
    closeAll: (reason) => sockets.closeAll(reason),
    [Symbol.asyncDispose]: () => sockets[Symbol.asyncDispose](),
  }
}

/** Who comes: by the id that its page chose (`?viewer=`), and whether it came to watch only (`?view_only=1`). */
function participant(request: IncomingMessage, share: ShareEntry | null) {
  const query = new URL(request.url ?? '/', 'http://host').searchParams
  const id = ViewerId.safeParse(query.get('viewer')).data ?? randomBytes(12).toString('base64url')
  return { who: asParticipant(id, share), viewOnly: query.get('view_only') === '1' }
}

/** Guests’ ids carry their link’s, so that none can pass for another link’s guest or for somebody signed in. */
export function asParticipant(id: string, share: Pick<ShareEntry, 'id' | 'mayDrive'> | null): Participant {
  return share
    ? { id: `${share.id}.${id}`, mayDrive: share.mayDrive, isGuest: true }
    : { id, mayDrive: true, isGuest: false }
}

type Show = { webSocket: WebSocket; socket: Duplex; takeSeat: (lost: () => void) => Seat }

async function show({ webSocket, socket, takeSeat }: Show, job: string, open: OpenDesktop): Promise<void> {
  const gone = new AbortController()
  webSocket.once('close', () => gone.abort())
  const early = () => closeViewer(webSocket, closeCode.wrongData, 'the desktop speaks first (RFC 6143, 7.1)')
  webSocket.on('message', early)
  try {
    const desktop = await open(job, AbortSignal.any([gone.signal, AbortSignal.timeout(openWithin)]))
    webSocket.off('message', early)
    if (webSocket.readyState === webSocket.OPEN) bridge(webSocket, socket, desktop, takeSeat)
    else desktop.destroy()
  } catch (error) {
    closeViewer(webSocket, ...openFailure(error, 'desktop'))
  }
}
