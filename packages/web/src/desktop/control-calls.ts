import type { Site } from '../site.ts'

export type Control = Awaited<ReturnType<Site['vitrine']['jobs']['control']['read']>>

/** What a page can ask of the control lease of the desktop that it shows. Each answers how it stands then. */
export type ControlCalls = {
  read: (signal: AbortSignal) => Promise<Control>
  change: (what: 'request' | 'take' | 'release') => Promise<Control>
  give: (to: string) => Promise<Control>
}

/** This page’s id as a viewer: new with each load, the same over reconnects. */
export const viewer = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) =>
  byte.toString(16).padStart(2, '0'),
).join('')

/** The server knows no such link or desktop, or no longer. */
export class GoneError extends Error {
  override name = 'GoneError'
}

/** The calls at `address`: a job’s `…/control`, or the one beside a shared desktop’s page, which no session opens. */
export function controlCalls(address: string): ControlCalls {
  const post = (what: string, body: object) =>
    answer(
      fetch(`${address}/${what}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ viewer, ...body }),
      }),
    )
  return {
    read: (signal) => answer(fetch(`${address}?viewer=${viewer}`, { signal })),
    change: (what) => post(what, {}),
    give: (to) => post('give', { to }),
  }
}

async function answer(sent: Promise<Response>): Promise<Control> {
  const response = await sent
  if (response.ok) return (await response.json()) as Control
  if (response.status === 404) throw new GoneError('There is nobody to ask who drives.')
  const { error } = (await response.json()) as { error: { message: string } }
  throw new Error(error.message)
}

/** Where a desktop page finds these calls; null where its desktop is another machine’s. */
export function controlAddress(page: URL, stream: URL): string | null {
  if (stream.host !== page.host) return null
  const job = /^(.*)\/jobs\/(job-[0-9a-z]{12})\/websockify$/.exec(stream.pathname)
  if (job) return `${job[1]}/api/v1/jobs/${job[2]}/control`
  return stream.pathname.endsWith('/websockify') ? stream.pathname.replace(/websockify$/, 'control') : null
}
