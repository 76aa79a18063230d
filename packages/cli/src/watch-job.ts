import type { Job } from '@vitrine/contract/job.ts'
import { isFinal } from '@vitrine/sdk/jobs.ts'
import type { Vitrine } from '@vitrine/sdk/vitrine.ts'
import type { Context } from './context.ts'
import { exitCodes } from './exit.ts'
import { harmlessJson } from './harmless.ts'
import { painter } from './paint.ts'
import { storyteller } from './story.ts'

/** Follows a job to the end of its run and tells what happens. Gives the exit code that its verdict asks for. */
export async function watchJob(vitrine: Vitrine, job: Job, json: boolean, context: Context): Promise<number> {
  const { signal } = context
  const onInterrupt = () =>
    context.note(
      `\n${job.id} goes on. Watch it: ./vitrine logs -f ${job.id}   End it: ./vitrine cancel ${job.id}\n`,
    )
  signal.addEventListener('abort', onInterrupt, { once: true })
  if (!json) await tell(vitrine, job, context)
  const ended = await vitrine.jobs.wait(job.id, { signal })
  signal.removeEventListener('abort', onInterrupt)
  context.out(json ? `${harmlessJson(ended, 2)}\n` : whereItIs(ended, context.colors))
  return ended.state === 'succeeded' ? exitCodes.ok.code : exitCodes.failed.code
}

async function tell(vitrine: Vitrine, job: Job, context: Context): Promise<void> {
  const tellOne = storyteller(context.out, context.colors)
  for await (const event of vitrine.jobs.events(job.id, { signal: context.signal })) {
    if (event.run < job.run) continue
    tellOne(event)
    if (event.type === 'job.state' && isFinal(event.data.to)) return
  }
}

/** Where a job's desktop and files are to be found. */
function whereItIs(job: Job, colors: boolean): string {
  const paint = painter(colors)
  const { url, expiresAt } = job.desktop
  const until = expiresAt === null ? '' : paint('dim', ` (until ${new Date(expiresAt).toLocaleTimeString()})`)
  const desktop = url === null ? `closed; ./vitrine open ${job.id} opens it` : paint('bold', url) + until
  return `desktop  ${desktop}\nfiles    ./vitrine cp ${job.id}: <folder>\n`
}
