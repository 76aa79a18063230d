import './interpreted-schemas.ts'
import type { AgentEvent } from '@vitrine/contract/event.ts'
import { JobLimits, Task } from '@vitrine/contract/job.ts'
import { z } from 'zod'
import { ModelError, listModels, type ModelAddress } from './model-server.ts'
import { passModelThrough } from './link/passthrough.ts'
import type { Stage } from './desktop/stage.ts'
import { Story } from './story.ts'
import { serveDesktopPage } from './web.ts'
import { work } from './work.ts'
import type { XServer } from './desktop/x-server.ts'

const defaultHost = 'http://host.docker.internal:11434'
const defaultModel = 'qwen3:0.6b'
const reachMilliseconds = 10_000

/** Runs one task without a server: `docker run vitrine-sandbox "task"`. The desktop stays until the container is stopped. */
export async function runAlone(
  text: string,
  env: { OLLAMA_HOST?: string; VITRINE_MODEL?: string },
  xServer: XServer,
  stage: Stage,
  signal: AbortSignal,
): Promise<void> {
  const task = Task.safeParse(text)
  if (!task.success) return fail(`The task ${z.prettifyError(task.error)}`)
  const host = env.OLLAMA_HOST || defaultHost
  const url = modelUrl(host)
  if (!url)
    return fail(
      `OLLAMA_HOST is ${JSON.stringify(host)}, which is no address such as http://192.168.1.5:11434.`,
    )
  const story = new Story()
  await serveDesktopPage(xServer, signal)
  story.say('The desktop is at http://localhost:6080/vnc.html (with docker run -p 6080:6080).')
  const address = { url }
  passModelThrough(address, signal)
  const model = await chooseModel(address, env.VITRINE_MODEL, story)
  if (!model) return
  const emit = (event: AgentEvent) => story.tell(event)
  story.say(`Task: ${task.data}`)
  const job = 'job-000000000000'
  const limits = JobLimits.parse({})
  const rest = { language: 'python', check: null, limits, program: null, repeat: null, image: null } as const
  const assignment = { job, run: 1, mode: 'work', task: task.data, followUp: null, model, ...rest } as const
  await work({ ...assignment, egress: [] }, { address, stage, known: new Set(), emit, signal })
  story.say('The desktop stays until this container is stopped.')
}

/** As Ollama reads it: a host, a port, a scheme may be left out. */
function modelUrl(host: string): URL | null {
  const full = host.includes('://') ? host : `http://${host}`
  const url = URL.parse(full)
  if (url && url.port === '' && !/^https?:\/\/.*:\d+/.test(full) && !host.includes('://')) url.port = '11434'
  if (url?.hostname === '0.0.0.0') url.hostname = '127.0.0.1'
  return url
}

async function chooseModel(address: ModelAddress & { url: URL }, wanted: string | undefined, story: Story) {
  try {
    const models = await listModels(address, AbortSignal.timeout(reachMilliseconds))
    const names = models.map(({ name }) => name)
    const asked = wanted || defaultModel
    const found = names.find((name) => name === asked || name === `${asked}:latest`)
    if (found) return found
    const other = wanted ? undefined : names[0]
    if (other) story.say(`${asked} is not on this server; ${other} is used. VITRINE_MODEL chooses another.`)
    else
      fail(
        `The model server at ${address.url.origin} has no model ${asked}. Get it there with: ollama pull ${asked}`,
      )
    return other
  } catch (error) {
    const why = error instanceof ModelError ? error.message : 'it did not answer in 10 s'
    fail(
      `No model server could be reached at ${address.url.origin}: ${why}.\n` +
        'Give the address of an Ollama that this container can reach, for example:\n' +
        '  docker run --add-host host.docker.internal:host-gateway -e OLLAMA_HOST=http://host.docker.internal:11434 …\n' +
        'and let that Ollama listen beyond its own machine (OLLAMA_HOST=0.0.0.0 ollama serve).',
    )
    return undefined
  }
}

function fail(message: string): void {
  console.error(message)
  process.exit(1)
}
