import type { Assignment } from '@vitrine/contract/link.ts'
import type { StoredJob } from '../store/jobs.ts'

/** What a sandbox is handed: to work on the job, or only to show its files. */
export function assignment(
  { id, run, request, life }: StoredJob,
  mode: 'work' | 'show',
  image: string | null,
): Assignment {
  const { task, model, language, limits, egress } = request
  const { followUp, repeats, verdict } = life
  return {
    job: id,
    run,
    mode,
    task,
    followUp: followUp && followUp.prompt,
    model,
    language,
    check: followUp ? followUp.check : request.check,
    limits,
    egress,
    program: verdict?.program ?? null,
    repeat: repeats,
    image,
  }
}
