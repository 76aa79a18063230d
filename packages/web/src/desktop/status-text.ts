import type { DesktopStatus } from './rfb.ts'

/** A desktop connection's state in words. */
export function statusText(status: DesktopStatus): string {
  if (status.state === 'connecting') return 'Connecting …'
  if (status.state === 'live') return 'Live'
  if (status.state === 'closed') return `Closed. ${status.reason}`
  return `${status.reason} Trying again in ${status.seconds} s.`
}
