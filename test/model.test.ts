import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Job } from '@vitrine/contract/job.ts'
import { describe, expect, test } from 'vitest'
import { installDemonstration, installEngine } from '../packages/engine/src/install.ts'
import { GEMMA, SMOLLM } from '../packages/engine/src/models.ts'
import { startOllama } from './testbed/ollama.ts'
import { startServerProcess, type ServerProcess } from './testbed/server-process.ts'

const models = join(process.env['VITRINE_CACHE_DIR'] ?? join(homedir(), '.cache', 'vitrine'), 'models')
const reporting = { progress: (line: string) => console.error(line) }
const task = 'Ask nothing and print the word hello three times, each on its own line.'
/** Loose, and with so many candidates that even a toy gets there: the jobs are tested here, not the model's luck. */
const check = { command: ['sh', '-c', 'python3 "$0" | grep -iq hello', '{program}'] }
const limits = { candidates: 64 }
/** The first call on a machine builds Ollama and downloads the models. */
const firstTime = 600_000

describe('a job with a real Ollama', () => {
  test(
    'is solved by a model that completes, and asked of another one by chat',
    async () => {
      const ollama = await startOllama(reporting)
      try {
        await using server = await startServerProcess({
          VITRINE_MODEL_SERVERS: ollama.url,
          VITRINE_MODEL: GEMMA.name,
        })
        const { model } = await server.vitrine.health()
        expect(model).toMatchObject({ ok: true, name: GEMMA.name })
        const solved = await server.vitrine.jobs.create({ task, check, limits })
        await expectSolved(server, solved.id)

        const once = { task, model: SMOLLM.name, limits: { candidates: 1 } }
        const chat = await server.vitrine.jobs.create(once)
        const job = await server.reach(chat.id, isOver)
        expect(job.model).toBe(SMOLLM.name)
        const { started, words } = await told(server, chat.id)
        expect(started[0]).toMatchObject({ style: 'chat', model: SMOLLM.name })
        expect(words).not.toBe('')
        expect(job.reason?.code ?? 'solved').toMatch(/^(solved|check_failed|no_program)$/)
      } finally {
        await ollama.stop()
      }
    },
    firstTime,
  )
})

describe('a job with the embedded engine', () => {
  test(
    'is solved by the demonstration model, also after the server was killed',
    async () => {
      await installEngine(reporting)
      const { file, name } = await installDemonstration(GEMMA, models, reporting)
      await using server = await startServerProcess({
        VITRINE_MODEL_SERVERS: 'embedded',
        VITRINE_MODEL_FILE: file,
        VITRINE_MODEL: name,
      })
      // The engine still loads: the job waits for it and says so.
      const { id } = await server.vitrine.jobs.create({ task, check, limits })
      await expectSolved(server, id)

      await server.kill()
      await server.start()
      const again = await server.vitrine.jobs.restart(id)
      expect(again.run).toBe(2)
      await expectSolved(server, id)
    },
    firstTime,
  )
})

const isOver = ({ state }: Job) => state === 'succeeded' || state === 'failed'

async function expectSolved(server: ServerProcess, id: string): Promise<void> {
  const job = await server.reach(id, isOver)
  const { started, words } = await told(server, id)
  expect(job, words).toMatchObject({ state: 'succeeded', verdict: { outcome: 'passed' } })
  expect(started[0]).toMatchObject({ style: 'completion' })
  expect(words).not.toBe('')
  expect(job.usage.tokensOut).toBeGreaterThan(0)
  const file = await server.vitrine.jobs.files.read(id, job.verdict!.program!)
  expect(words).toContain((await file.text()).trim())
}

/** What the model was asked and said in the job's present run. */
async function told(server: ServerProcess, id: string) {
  const { run } = await server.vitrine.jobs.get(id)
  const all = await Array.fromAsync(server.vitrine.jobs.events(id, { follow: false }))
  const events = all.filter((event) => event.run === run)
  return {
    started: events.flatMap((event) => (event.type === 'candidate.started' ? [event.data] : [])),
    words: events.flatMap((event) => (event.type === 'candidate.text' ? [event.data.text] : [])).join(''),
  }
}
