import { desktopMoves, DesktopState, isFinal, jobMoves, JobState } from '@vitrine/contract/job.ts'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EventLog } from '../events/event-log.ts'
import { insertJob } from '../store/jobs.ts'
import type { Database } from '../store/schema.ts'
import { openSqlite } from '../store/sqlite.ts'
import { storedJob } from '../store/testing/stored-job.ts'
import { change } from './change.ts'
import { newId } from './id.ts'

describe('a job changes', () => {
  let db: Database
  let log: EventLog
  beforeAll(async () => {
    db = await openSqlite(':memory:')
    log = new EventLog(db)
  })
  afterAll(() => db.destroy())
  const add = (changes: Parameters<typeof storedJob>[0]) =>
    insertJob(db, storedJob({ ...changes, id: newId('job') }), null)
  const events = async (id: string) => (await Array.fromAsync(log.stored(id, 0))).flat()

  test('only by a move of the contract’s tables, whatever is asked for', async () => {
    const anyState = fc.constantFrom(...JobState.options)
    const anyDesktop = fc.constantFrom(...DesktopState.options)
    await fc.assert(
      fc.asyncProperty(
        anyState,
        anyState,
        anyDesktop,
        anyDesktop,
        fc.nat(2),
        async (from, to, shown, wanted, runs) => {
          const { id, run } = await add({ state: from, desktop: shown })
          const legal =
            (runs === 0
              ? from === to || jobMoves[from].includes(to)
              : runs === 1 && isFinal(from) && to === 'queued') &&
            (shown === wanted || desktopMoves[shown].includes(wanted))
          const changed = change({ db, events: log }, id, () => ({
            state: to,
            desktop: wanted,
            run: run + runs,
          }))
          if (legal) expect(await changed).toMatchObject({ state: to, desktop: wanted })
          else {
            await expect(changed).rejects.toThrow(/can't go from/)
            expect(await events(id)).toEqual([])
          }
        },
      ),
    )
  })

  test('together with the events that tell of it, or not at all', async () => {
    const { id } = await add({})
    await change({ db, events: log }, id, () => ({
      state: 'canceled',
      life: { reason: { code: 'canceled', message: 'enough' } },
      events: [{ type: 'log', data: { level: 'info', message: 'first' } }],
    }))
    expect(await events(id)).toMatchObject([
      { seq: 1, type: 'log' },
      { seq: 2, type: 'job.state', data: { from: 'queued', to: 'canceled', reason: { message: 'enough' } } },
    ])
    expect(await change({ db, events: log }, id, () => null)).toBeNull()
    expect(await change({ db, events: log }, 'job-of-nobody', () => ({ state: 'failed' }))).toBeNull()
    expect(await events(id)).toHaveLength(2)
  })

  test('once, when many ask at the same time', async () => {
    const { id } = await add({})
    const changes = Array.from({ length: 20 }, () =>
      change({ db, events: log }, id, (job) => (isFinal(job.state) ? null : { state: 'canceled' })),
    )
    expect((await Promise.all(changes)).filter(Boolean)).toHaveLength(1)
    expect(await events(id)).toHaveLength(1)
  })
})
