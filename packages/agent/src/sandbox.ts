import './interpreted-schemas.ts'
import { existsSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import type { AgentEvent } from '@vitrine/contract/event.ts'
import type { Verdict } from '@vitrine/contract/job.ts'
import { linkDir, linkSocket, type Assignment } from '@vitrine/contract/link.ts'
import { rehearseAssignment, serveEndpoints, type Agent } from './link/endpoints.ts'
import { Life } from './life.ts'
import { keepLinked } from './link/link.ts'
import { Outbox } from './link/outbox.ts'
import { passModelThrough } from './link/passthrough.ts'
import { offerProxy } from './link/proxy.ts'
import type { Stage } from './desktop/stage.ts'
import { Story } from './story.ts'
import { version } from './version.ts'
import { work } from './work.ts'
import type { XServer } from './desktop/x-server.ts'

/** An unassigned sandbox that no server asked for in this time ends itself. */
const lonelySeconds = 600
/** It ends itself this long after its desktop's time, should no server be there to end it. */
const graceSeconds = 20
/** By then a sandbox that was started for a job has it. */
const rehearseMilliseconds = 1000

/** Runs the agent for a server: dials the link, takes a job and its follow-ups, works on them, lives as the server says. */
export async function runLinked(xServer: XServer, stage: Stage, signal: AbortSignal): Promise<void> {
  if (!existsSync(linkDir)) {
    console.error(usage)
    process.exit(2)
  }
  const outbox = new Outbox()
  const story = new Story()
  const address = { socketPath: linkSocket }
  const known = new Set<string>()
  const life = new Life(endSandbox('Its time is over.'))
  const lonely = new Life(endSandbox(`No server was there for ${lonelySeconds} s.`))
  let present: { job: Assignment; cancel: AbortController } | null = null
  let working: Promise<void> = Promise.resolve()

  const emit = (event: AgentEvent) => {
    outbox.add(event)
    story.tell(event)
    // The server says so too, but may not be there.
    if (event.type === 'verdict' && present) life.lasts(present.job.limits.desktopSeconds + graceSeconds)
  }
  const begin = (job: Assignment, signal: AbortSignal) => {
    outbox.beginRun(job.run)
    story.say(`Job ${job.job}, run ${job.run}: ${job.followUp ?? job.task}`)
    return work(job, { address, stage, known, emit, signal }).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error)
      const verdict: Verdict = {
        outcome: 'failed',
        program: null,
        candidate: null,
        candidates: 0,
        checks: [],
      }
      emit({ type: 'verdict', data: { verdict, reason: { code: 'agent_error', message } } })
    })
  }
  const agent: Agent = {
    outbox,
    xServer,
    status: () => ({
      agent: version,
      desktop: xServer.isReady ? 'ready' : 'starting',
      assignment: present && { job: present.job.job, run: present.job.run },
    }),
    assign: (offered) => {
      if (present && isSame(present.job, offered)) return true
      if (present && !goesOn(present.job, offered)) return false
      // A job's hosts are the same in all its runs.
      if (!present && offered.egress.length > 0) offerProxy(address, signal)
      // The server may have canceled the run before while the link was broken.
      present?.cancel.abort(new Error('canceled'))
      const cancel = new AbortController()
      present = { job: offered, cancel }
      lonely.isForEver()
      // After the answer: to start programs takes longer than all of the assignment.
      const answered = setImmediate()
      working = Promise.all([working, answered]).then(() => begin(offered, cancel.signal))
      return true
    },
    cancel: (run) => {
      if (present?.job.run !== run || present.cancel.signal.aborted) return
      story.say('Canceled.')
      present.cancel.abort(new Error('canceled'))
    },
    live: (seconds) => life.lasts(seconds),
    driven: (isDriven) => stage.driver.drives(isDriven),
  }
  passModelThrough(address, signal)
  lonely.lasts(lonelySeconds)
  setTimeout(() => present ?? rehearseAssignment(), rehearseMilliseconds)
  await keepLinked(
    (session) => serveEndpoints(session, agent),
    (up) => {
      if (up || present) lonely.isForEver()
      else lonely.lasts(lonelySeconds)
    },
    signal,
  )
}

const isSame = (one: Assignment, other: Assignment) => one.job === other.job && one.run === other.run

const goesOn = (before: Assignment, offered: Assignment) =>
  offered.followUp !== null && before.job === offered.job && before.run < offered.run

const usage = `This is a sandbox of Vitrine. A server starts it by itself; to use it alone, give it a task:
  docker run -p 6080:6080 -e OLLAMA_HOST=http://host.docker.internal:11434 \\
    --add-host host.docker.internal:host-gateway -v "$PWD/output:/output" vitrine-sandbox "Print the squares of 1 to 10."`

/** The container ends with the agent, and everything in it with the container. */
function endSandbox(why: string): () => void {
  return () => {
    console.log(`${why} The sandbox ends.`)
    process.exit(0)
  }
}
