import type { Control, ControlChange, ControlInput } from '@vitrine/contract/control.ts'
import { VitrineError } from '@vitrine/contract/error.ts'
import { Activity, type Act } from './activity.ts'

/** Somebody who may watch: a page or a program of a signed-in person, or a guest who came by a share link. */
export type Participant = { id: string; mayDrive: boolean; isGuest: boolean }

/** One connection of a viewer. */
export type Seat = {
  /** Whether this viewer’s input counts. Where nobody drives, one that acts takes the lease by it. */
  mayInput(act: Act | null): boolean
  leave(): void
}

type Watching = Participant & { viewOnly: boolean; since: number; lost: Set<() => void> }

/**
 * The control lease of one desktop: at most one viewer has it. It is taken by typing where nobody has it, by `take`, or
 * given; it ends when its holder gives it back, has no connection left, or was idle for `idleMs`. A program that holds it
 * without a connection keeps it until it gives it back or is idle.
 */
export class Lease {
  readonly #idleMs: number
  readonly #onChange: (change: ControlChange) => void
  readonly #activity: Activity
  readonly #viewers = new Map<string, Watching>()
  readonly #requests = new Set<string>()
  #holder: Participant | null = null
  #since = 0
  #lastInput = 0
  #idle: NodeJS.Timeout | undefined

  constructor(
    idleMs: number,
    onChange: (change: ControlChange) => void,
    onInput: (input: ControlInput) => void,
  ) {
    this.#idleMs = idleMs
    this.#onChange = onChange
    this.#activity = new Activity(onInput)
  }

  get isHeld(): boolean {
    return this.#holder !== null
  }

  get isEmpty(): boolean {
    return this.#holder === null && this.#viewers.size === 0
  }

  /** What this participant is told. */
  read(who: Participant): Control {
    return {
      holder: this.#holder?.id ?? null,
      since: this.#holder && new Date(this.#since).toISOString(),
      viewers: [...this.#viewers.values()].map(({ id, viewOnly, mayDrive, since }) => ({
        id,
        viewOnly,
        mayDrive,
        since: new Date(since).toISOString(),
      })),
      requests: [...this.#requests],
      you: who.id,
      mayDrive: who.mayDrive,
    }
  }

  /** `lost` is called when this viewer drove and does no more. */
  connect(who: Participant, viewOnly: boolean, lost: () => void): Seat {
    const known = this.#viewers.get(who.id)
    const viewer = known ?? { ...who, viewOnly, since: Date.now(), lost: new Set() }
    this.#viewers.set(who.id, viewer)
    viewer.lost.add(lost)
    return {
      mayInput: (act) => {
        const takes = act !== null && !this.#holder && who.mayDrive && !viewer.viewOnly
        if (takes) this.#pass(who, 'taken')
        else if (this.#holder?.id !== who.id) return false
        this.#lastInput = performance.now()
        if (act) this.#activity.did(who.id, act)
        return true
      },
      leave: () => {
        viewer.lost.delete(lost)
        if (viewer.lost.size > 0) return
        this.#viewers.delete(who.id)
        this.#requests.delete(who.id)
        if (this.#holder?.id === who.id) this.#pass(null, 'left')
      },
    }
  }

  /** Asks for the lease; has it at once where nobody does. Only who watches can wait for an answer. */
  request(who: Participant): void {
    this.#mustDrive(who)
    if (!this.#holder) return this.#pass(who, 'taken')
    if (this.#holder.id === who.id) return
    if (!this.#viewers.has(who.id))
      throw conflict('Only a viewer that watches the desktop can ask for control.')
    this.#requests.add(who.id)
  }

  /** A guest never takes over from somebody who is signed in. */
  take(who: Participant): void {
    this.#mustDrive(who)
    if (who.isGuest && this.#holder && !this.#holder.isGuest) {
      throw conflict('Somebody of this server drives; ask for control.')
    }
    this.#pass(who, 'taken')
  }

  give(who: Participant, to: string): void {
    if (this.#holder?.id !== who.id) throw conflict('Only the viewer that drives can give control away.')
    const taker = this.#viewers.get(to)
    if (!taker) throw conflict(`No viewer ${to} watches the desktop now.`)
    this.#mustDrive(taker)
    this.#pass(taker, 'given')
  }

  /** Gives the lease back, or asks no more. Who gave it back takes it again by `take`, not by typing. */
  release(who: Participant): void {
    this.#requests.delete(who.id)
    if (this.#holder?.id !== who.id) return
    const viewer = this.#viewers.get(who.id)
    if (viewer) viewer.viewOnly = true
    this.#pass(null, 'released')
  }

  /** For input that comes by a call: takes the lease where nobody has it. */
  use(who: Participant, acts: Record<Act, number>): void {
    if (!this.#holder) this.take(who)
    else if (this.#holder.id !== who.id)
      throw conflict('Another viewer drives this desktop; take control first.')
    this.#lastInput = performance.now()
    this.#activity.did(who.id, 'key', acts.key)
    this.#activity.did(who.id, 'click', acts.click)
  }

  #mustDrive({ mayDrive }: Participant): void {
    if (!mayDrive) throw conflict('This share link is to watch only.')
  }

  #pass(next: Participant | null, how: ControlChange['how']): void {
    const before = this.#holder
    if (before?.id === next?.id) return
    this.#activity.flush()
    this.#holder = next
    this.#since = Date.now()
    this.#lastInput = performance.now()
    clearTimeout(this.#idle)
    if (next) {
      this.#requests.delete(next.id)
      const viewer = this.#viewers.get(next.id)
      if (viewer) viewer.viewOnly = false
      this.#watchIdle(this.#idleMs)
    }
    if (before) this.#viewers.get(before.id)?.lost.forEach((lost) => lost())
    this.#onChange({ holder: next?.id ?? null, how })
  }

  #watchIdle(milliseconds: number): void {
    this.#idle = setTimeout(() => {
      const left = this.#idleMs - (performance.now() - this.#lastInput)
      if (left <= 0) this.#pass(null, 'idle')
      else this.#watchIdle(left)
    }, milliseconds).unref()
  }
}

const conflict = (message: string) => new VitrineError('conflict', message)
