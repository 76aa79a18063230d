import type { Job } from '@vitrine/contract/job.ts'
import type { StoredJob } from '../store/jobs.ts'

/** A stored job as the API shows it; `desktopUrl` tells where a live desktop is seen. */
export function present(job: StoredJob, desktopUrl: (job: StoredJob) => string): Job {
  const { task, name, model, language, check, limits, egress, labels, createdAt } = job.request
  const {
    followUp,
    repeats,
    phase,
    waiting,
    reason,
    verdict,
    usage,
    tokensPerSecond,
    startedAt,
    finishedAt,
    expiresAt,
  } = job.life
  return {
    id: job.id,
    run: job.run,
    task,
    followUp,
    repeats,
    name,
    model,
    language,
    check,
    limits,
    egress,
    labels,
    state: job.state,
    phase,
    waiting,
    reason,
    verdict,
    usage,
    tokensPerSecond: job.state === 'running' ? tokensPerSecond : null,
    desktop: {
      state: job.desktop,
      url: job.desktop === 'live' ? desktopUrl(job) : null,
      expiresAt: time(expiresAt),
    },
    createdAt: new Date(createdAt).toISOString(),
    startedAt: time(startedAt),
    finishedAt: time(finishedAt),
    workTime: workTime(job),
  }
}

function workTime({ state, request, life }: StoredJob): Job['workTime'] {
  const { startedAt, waited, waitingSince } = life
  if (state !== 'running' || startedAt === null) return null
  const end = startedAt + waited + request.limits.seconds * 1000
  if (waitingSince === null) return { endsAt: new Date(end).toISOString(), left: null }
  return { endsAt: null, left: Math.max(0, end - waitingSince) / 1000 }
}

const time = (milliseconds: number | null) =>
  milliseconds === null ? null : new Date(milliseconds).toISOString()
