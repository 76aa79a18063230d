import type { ControlChange, ControlInput } from '@vitrine/contract/control.ts'
import { Lease, type Participant, type Seat } from './lease.ts'

/** The control leases of all desktops. They are in memory: a server that is started anew has none. */
export type Controls = {
  /** The lease of a job’s desktop. Use it at once: one that nobody holds or watches is forgotten. */
  of(job: string): Lease
  /** Takes a seat before the job’s desktop; `lost` is called when its viewer drives no more. */
  connect(job: string, who: Participant, viewOnly: boolean, lost: () => void): Seat
}

/** `onChange` is told of each passing of a lease, `onInput` of how much was typed and clicked. */
export function createControls(options: {
  idleMs: number
  onChange: (job: string, change: ControlChange) => void
  onInput: (job: string, input: ControlInput) => void
}): Controls {
  const leases = new Map<string, Lease>()

  function of(job: string): Lease {
    const known = leases.get(job)
    if (known) return known
    const onChange = (change: ControlChange) => {
      options.onChange(job, change)
      if (made.isEmpty) leases.delete(job)
      else leases.set(job, made)
    }
    const made: Lease = new Lease(options.idleMs, onChange, (input) => options.onInput(job, input))
    return made
  }

  return {
    of,
    connect(job, who, viewOnly, lost) {
      const lease = of(job)
      leases.set(job, lease)
      const seat = lease.connect(who, viewOnly, lost)
      return {
        ...seat,
        leave: () => {
          seat.leave()
          if (lease.isEmpty) leases.delete(job)
        },
      }
    },
  }
}
