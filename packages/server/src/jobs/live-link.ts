import { VitrineError } from '@vitrine/contract/error.ts'
import type { Link } from '../links/link.ts'
import type { Links } from '../links/links.ts'
import type { Jobs } from './jobs.ts'

/** The link to the sandbox in which a job's desktop is live; a VitrineError where it is not, or does not answer now. */
export async function liveLink(jobs: Jobs, links: Links, id: string): Promise<Link> {
  const { desktop, sandbox } = await jobs.get(id)
  if (desktop !== 'live' || !sandbox) {
    throw new VitrineError('conflict', `The desktop of job ${id} is ${desktop}.`)
  }
  const link = links.find(sandbox)
  if (!link) throw new VitrineError('unavailable', `The sandbox of job ${id} does not answer now.`)
  return link
}
