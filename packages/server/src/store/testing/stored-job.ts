import { limits } from '@vitrine/contract/limits.ts'
import type { StoredJob } from '../jobs.ts'
import { freshLife, type JobLife, type JobRequest } from '../schema.ts'

const request: JobRequest = {
  task: 'print 1',
  name: null,
  model: 'm',
  language: 'python',
  check: null,
  limits: {
    seconds: 600,
    desktopSeconds: 3600,
    memoryMiB: limits.memoryMiB.default,
    cpus: limits.cpus.default,
    candidates: 8,
    modelCalls: limits.modelCalls.default,
    tokensIn: limits.tokensIn.default,
    tokensOut: limits.tokensOut.default,
    concurrentCalls: limits.concurrentCalls.default,
  },
  egress: [],
  labels: {},
  createdAt: 0,
}

/** A queued job, but for what is given. */
export const storedJob = (
  {
    request: requestChanges,
    ...changes
  }: Partial<Omit<StoredJob, 'request'>> & { request?: Partial<JobRequest> } = {},
  lifeChanges: Partial<JobLife> = {},
): StoredJob => ({
  number: 1,
  id: 'job-1',
  run: 1,
  version: 1,
  state: 'queued',
  desktop: 'closed',
  sandbox: null,
  deleting: false,
  ...changes,
  request: { ...request, ...requestChanges },
  life: { ...freshLife, ...lifeChanges },
})
