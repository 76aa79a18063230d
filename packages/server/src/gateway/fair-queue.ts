/** One caller's wish for a slot. */
export type Wish<Server> = {
  /** The server that this caller would use now, of those with a free slot, the least busy first; or none of them. */
  choose(free: readonly Server[]): Server | undefined
  /** Told the job's place in the row, from 1, whenever it changes; only for the job's foremost waiter. */
  onPlace(place: number): void
  /** True for a caller that had a slot and could not use it: it keeps its place at the front. */
  first: boolean
}

/** A slot of a server, until it is disposed. */
export type Slot<Server> = Disposable & { server: Server }

export type FairQueue<Server> = {
  /** Waits for a slot. Rejects with the signal's reason when it aborts. */
  take(job: string, wish: Wish<Server>, signal: AbortSignal): Promise<Slot<Server>>
  /** Gives out what is free: to be called when servers come or go, or `choose` may decide otherwise. */
  offer(): void
  /** Rejects all that wait. */
  refuse(reason: Error): void
}

type Waiter<Server> = Wish<Server> & {
  give(slot: Slot<Server>): void
  refuse(reason: Error): void
  place: number
}

/**
 * Slots for callers, at most `slotsPerServer` of each server: round robin over the jobs, first come first served within
 * one. A job that was served goes to the end of the row, so none is served twice while another one waits.
 */
export function createFairQueue<Server>(
  servers: () => readonly Server[],
  slotsPerServer: number,
): FairQueue<Server> {
  /** The order of the keys is the row. */
  const row = new Map<string, Waiter<Server>[]>()
  const taken = new Map<Server, number>()
  const load = (server: Server) => taken.get(server) ?? 0

  function free(): Server[] {
    return servers()
      .filter((server) => load(server) < slotsPerServer)
      .toSorted((a, b) => load(a) - load(b))
  }

  function offer(): void {
    // A job that is set back to the end of the map comes by again in the same walk.
    for (const [job, waiters] of row) {
      const open = free()
      if (open.length === 0) break
      const server = waiters[0]?.choose(open)
      if (server === undefined) continue
      const [waiter, ...others] = waiters
      row.delete(job)
      if (others.length > 0) row.set(job, others)
      waiter?.give(hold(server))
    }
    tellPlaces()
  }

  function tellPlaces(): void {
    let place = 0
    for (const [foremost] of row.values()) {
      place++
      if (!foremost || foremost.place === place) continue
      foremost.place = place
      foremost.onPlace(place)
    }
  }

  function enter(job: string, waiter: Waiter<Server>): void {
    const others = row.get(job) ?? []
    if (!waiter.first) {
      row.set(job, [...others, waiter])
      return
    }
    const rest = [...row].filter(([other]) => other !== job)
    row.clear()
    row.set(job, [waiter, ...others])
    for (const [other, waiters] of rest) row.set(other, waiters)
  }

  function leave(job: string, waiter: Waiter<Server>): void {
    const others = (row.get(job) ?? []).filter((other) => other !== waiter)
    if (others.length > 0) row.set(job, others)
    else row.delete(job)
    offer()
  }

  function hold(server: Server): Slot<Server> {
    let held = true
    taken.set(server, load(server) + 1)
    return {
      server,
      [Symbol.dispose]() {
        if (!held) return
        held = false
        const left = load(server) - 1
        if (left > 0) taken.set(server, left)
        else taken.delete(server)
        offer()
      },
    }
  }

  async function take(job: string, wish: Wish<Server>, signal: AbortSignal): Promise<Slot<Server>> {
    signal.throwIfAborted()
    // Where nobody waits there is no row to stand in.
    const server = row.size === 0 ? wish.choose(free()) : undefined
    return server === undefined ? wait(job, wish, signal) : hold(server)
  }

  function wait(job: string, wish: Wish<Server>, signal: AbortSignal): Promise<Slot<Server>> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        leave(job, waiter)
        reject(signal.reason)
      }
      const waiter: Waiter<Server> = {
        ...wish,
        place: 0,
        give(slot) {
          signal.removeEventListener('abort', onAbort)
          resolve(slot)
        },
        refuse(reason) {
          signal.removeEventListener('abort', onAbort)
          reject(reason)
        },
      }
      signal.addEventListener('abort', onAbort, { once: true })
      enter(job, waiter)
      offer()
    })
  }

  function refuse(reason: Error): void {
    const all = [...row.values()].flat()
    row.clear()
    for (const waiter of all) waiter.refuse(reason)
  }

  return { take, offer, refuse }
}
