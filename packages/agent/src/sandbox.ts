import { existsSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import type { AgentEvent } from '@vitrine/contract/event.ts'
import type { Verdict } from '@vitrine/contract/job.ts'
import { linkDir, linkSocket, type Assignment } from '@vitrine/contract/link.ts'
import { serveEndpoints, type Agent } from './endpoints.ts'
import { Life } from './life.ts'
import { keepLinked } from './link.ts'
import { Outbox } from './outbox.ts'
import { passModelThrough } from './passthrough.ts'
import type { Stage } from './stage.ts'
import { Story } from './story.ts'
import { version } from './version.ts'
import { work } from './work.ts'
import type { XServer } from './x-server.ts'

/** An unassigned sandbox that no server asked for in this time ends itself. */
const lonelySeconds = 600

/** Runs the agent for a server: dials the link, takes one assignment, works on it, lives as long as the server says. */
export async function runLinked(xServer: XServer, stage: Stage, signal: AbortSignal): Promise<void> {
  if (!existsSync(linkDir)) {
    console.error(usage)
    process.exit(2)
  }
  const outbox = new Outbox()
  const story = new Story()
  const address = { socketPath: linkSocket }
  const cancel = new AbortController()
  const life = new Life(endSandbox('Its time is over.'))
  const lonely = new Life(endSandbox(`No server was there for ${lonelySeconds} s.`))
  let assignment: Assignment | null = null

  const emit = (event: AgentEvent) => {
    outbox.add(event)
    story.tell(event)
  }
  const begin = (job: Assignment) => {
    story.say(`Job ${job.job}, run ${job.run}: ${job.task}`)
    void work(job, { address, stage, emit, signal: cancel.signal }).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error)
      const verdict: Verdict = { outcome: 'failed', program: null, candidates: 0, checks: [] }
      emit({ type: 'verdict', data: { verdict, reason: { code: 'agent_error', message } } })
    })
  }
  const agent: Agent = {
    outbox,
    xServer,
    status: () => ({
      agent: version,
      desktop: xServer.isReady ? 'ready' : 'starting',
      assignment: assignment && { job: assignment.job, run: assignment.run },
    }),
    assign: (offered) => {
      if (assignment) return isDeepStrictEqual(assignment, offered)
      assignment = offered
      lonely.isForEver()
      // After the answer: to start programs takes longer than all of the assignment.
      setImmediate(begin, offered)
      return true
    },
    cancel: () => {
      if (!cancel.signal.aborted) story.say('Canceled.')
      cancel.abort(new Error('canceled'))
    },
    live: (seconds) => life.lasts(seconds),
  }
  passModelThrough(address, signal)
  lonely.lasts(lonelySeconds)
  await keepLinked(
    (session) => serveEndpoints(session, agent),
    (up) => {
      if (up || assignment) lonely.isForEver()
      else lonely.lasts(lonelySeconds)
    },
    signal,
  )
}

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
