import type { EventBody } from '@vitrine/contract/event.ts'
import { beforeEach, describe, expect, test } from 'vitest'
import { storedJob } from './testing/stored-job.ts'
import { appendEvents, eventsAfter } from './events.ts'
import {
  activeJobs,
  countJobs,
  deleteJobRows,
  findByIdempotencyKey,
  findJob,
  insertJob,
  jobIds,
  markDeleted,
  jobsAmong,
  holderOf,
  pageOfJobs,
  updateJob,
} from './jobs.ts'
import type { Database } from './schema.ts'
import { setting } from './settings.ts'
import { allTokens, findToken, insertToken, noteTokenUse, removeToken } from './tokens.ts'
import { findShare, insertShare, removeEndedShares, removeShare, sharesOf } from './shares.ts'

/** What every store must do, whatever database is below it. `open` gives an empty one. */
export function storeConformance(name: string, open: () => Promise<Database>): void {
  describe(`the store on ${name}`, () => {
    let db: Database
    beforeEach(async () => {
      db = await open()
      return () => db.destroy()
    })
    const add = (id: string, changes: Parameters<typeof storedJob>[0] = {}, key: string | null = null) =>
      insertJob(db, storedJob({ ...changes, id }), key === null ? null : { key, hash: `hash of ${key}` })

    test('gives a job back as it was stored, byte for byte', async () => {
      const task = '"; drop table jobs; --\u202e 👩‍👩‍👧 \n\t é'
      const job = await add('job-a', { request: { task, labels: { team: 'red' } } })
      expect(await findJob(db, 'job-a')).toEqual(job)
      expect(await findJob(db, 'job-b')).toBeNull()
    })

    test('lets one of two writers win', async () => {
      const job = await add('job-a')
      expect(await updateJob(db, { ...job, state: 'starting' })).toBe(true)
      expect(await updateJob(db, { ...job, state: 'canceled' })).toBe(false)
      expect(await findJob(db, 'job-a')).toMatchObject({ state: 'starting', version: job.version + 1 })
    })

    test('never gives one sandbox to two jobs', async () => {
      const [a, b] = [await add('job-a'), await add('job-b')]
      await updateJob(db, { ...a, sandbox: 'sbx-1' })
      await expect(updateJob(db, { ...b, sandbox: 'sbx-1' })).rejects.toThrow(/unique/i)
      expect(await holderOf(db, 'sbx-1')).toEqual({ id: 'job-a', run: 1 })
      expect(await holderOf(db, 'sbx-2')).toBeNull()
    })

    test('stores one job for one idempotency key', async () => {
      await add('job-a', {}, 'once')
      expect(await findByIdempotencyKey(db, 'once')).toMatchObject({
        job: { id: 'job-a' },
        hash: 'hash of once',
      })
      expect(await findByIdempotencyKey(db, 'twice')).toBeNull()
      await expect(add('job-b', {}, 'once')).rejects.toThrow(/unique/i)
    })

    test('calls a job active until its run has ended, its desktop is closed and its sandbox given up', async () => {
      const job = await add('job-a')
      const active = async () => (await activeJobs(db)).length === 1
      const write = async (changes: object) => {
        const now = await findJob(db, 'job-a')
        expect(await updateJob(db, { ...now!, ...changes })).toBe(true)
      }
      expect(job.state).toBe('queued')
      expect(await active()).toBe(true)
      await write({ state: 'succeeded', desktop: 'live', sandbox: 'sbx-1' })
      expect(await active()).toBe(true)
      await write({ desktop: 'closed', sandbox: null })
      expect(await active()).toBe(false)
      await write({ deleting: true })
      expect(await active()).toBe(true)
    })

    test('keeps a job active while the sandbox of the run before is not removed', async () => {
      const job = await add('job-a', { state: 'canceled' })
      await updateJob(db, { ...job, life: { ...job.life, previous: { sandbox: 'sbx-1', run: 1 } } })
      expect(await activeJobs(db)).toHaveLength(1)
    })

    test('marks jobs as deleted by their states, each once, and tells of a hundred at a time', async () => {
      for (let n = 0; n < 120; n++) await add(`job-${n}`, { state: n % 2 ? 'failed' : 'running' })
      expect(await markDeleted(db, ['failed', 'canceled'])).toHaveLength(60)
      expect(await markDeleted(db, ['failed'])).toEqual([])
      expect((await pageOfJobs(db, { states: ['failed'] }, 9)).length).toBe(0)
      expect(await activeJobs(db)).toHaveLength(120)
      expect(await markDeleted(db)).toHaveLength(60)
      const told = await activeJobs(db)
      expect(told.map(({ id }) => id)).toEqual(Array.from({ length: 100 }, (_, n) => `job-${n}`))
      expect(told.every(({ deleting }) => deleting)).toBe(true)
      // Who read a job before it was marked does not write over that.
      expect(await updateJob(db, { ...told[0]!, version: told[0]!.version - 1 })).toBe(false)
    })

    test('pages through jobs, the newest first, by state and by every label', async () => {
      await add('job-a', { request: { labels: { team: 'red', size: 's=1' } } })
      await add('job-b', { state: 'failed', request: { labels: { team: 'red' } } })
      await add('job-c', { deleting: true })
      await add('job-d')
      const ids = async (
        ...query: Parameters<typeof pageOfJobs> extends [unknown, ...infer Rest] ? Rest : never
      ) => (await pageOfJobs(db, ...query)).map(({ id }) => id)
      expect(await ids({}, 2)).toEqual(['job-d', 'job-b'])
      expect(await ids({ before: 'job-b' }, 2)).toEqual(['job-a'])
      expect(await ids({ before: 'job-of-nobody' }, 2)).toEqual([])
      expect(await ids({ states: ['failed', 'running'] }, 9)).toEqual(['job-b'])
      expect(await ids({ labels: ['team=red', 'size=s=1'] }, 9)).toEqual(['job-a'])
      expect(await jobIds(db)).toEqual(['job-a', 'job-b', 'job-d'])
      expect(await countJobs(db, ['queued'])).toBe(2)
    })

    test('finds jobs by words of id, name and task, whatever they hold and in whatever case', async () => {
      await add('job-a', { request: { task: 'Draw 100% of Ä_Circle', name: null } })
      await add('job-b', { request: { task: `${'x'.repeat(4000)} late`, name: 'Über \\ us' } })
      await add('job-c', { request: { task: 'draw a circle' }, deleting: true })
      const ids = async (...words: string[]) => (await pageOfJobs(db, { words }, 9)).map(({ id }) => id)
      expect(await ids('circle', 'draw')).toEqual(['job-a'])
      expect(await ids('100%')).toEqual(['job-a'])
      expect(await ids('1%0')).toEqual([])
      expect(await ids('ä_c')).toEqual(['job-a'])
      expect(await ids('über', '\\')).toEqual(['job-b'])
      expect(await ids('late')).toEqual([])
      expect(await ids('job-')).toEqual(['job-b', 'job-a'])
      expect(
        (await jobsAmong(db, ['job-a', 'job-b', 'job-c'], { words: ['draw'] })).map(({ id }) => id),
      ).toEqual(['job-a'])
    })

    test('numbers a job’s events on from its last, in batches of any size', async () => {
      const said = (message: string): EventBody => ({ type: 'log', data: { level: 'info', message } })
      await appendEvents(db, 'job-a', 1, 1000, [said('one'), said('two')])
      await appendEvents(db, 'job-b', 1, 1000, [said('other')])
      await appendEvents(
        db,
        'job-a',
        2,
        2000,
        Array.from({ length: 2500 }, (_, index) => said(`${index}`)),
      )
      const events = await eventsAfter(db, 'job-a', 1, 5000)
      expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 2501 }, (_, index) => index + 2))
      expect(events[0]).toMatchObject({ run: 1, at: '1970-01-01T00:00:01.000Z', data: { message: 'two' } })
      expect(await eventsAfter(db, 'job-a', 0, 3)).toHaveLength(3)
    })

    test('forgets a job with all that is its own', async () => {
      await add('job-a', { request: { labels: { team: 'red' } } }, 'once')
      await appendEvents(db, 'job-a', 1, 0, [{ type: 'log', data: { level: 'info', message: 'x' } }])
      await deleteJobRows(db, 'job-a')
      expect(await findJob(db, 'job-a')).toBeNull()
      expect(await eventsAfter(db, 'job-a', 0, 9)).toEqual([])
      await add('job-a', { request: { labels: { team: 'red' } } }, 'once')
    })

    test('finds a share link by its token’s hash while it is good, and forgets it with its job', async () => {
      const momentOf = (id: string) => (id === 'shr-2' ? { run: 2, seconds: 1.5 } : null)
      const share = (id: string, job: string, created_at: number, expires_at: number) =>
        insertShare(db, {
          id,
          job,
          token_hash: `hash of ${id}`,
          mode: 'view',
          moment: momentOf(id),
          created_at,
          expires_at,
        })
      await add('job-a')
      await share('shr-1', 'job-a', 1, 100)
      await share('shr-2', 'job-a', 2, 200)
      await share('shr-3', 'job-b', 3, 200)
      expect(await findShare(db, 'hash of shr-1', 99)).toMatchObject({
        id: 'shr-1',
        job: 'job-a',
        mode: 'view',
      })
      expect((await findShare(db, 'hash of shr-1', 99))?.moment).toBeNull()
      expect((await findShare(db, 'hash of shr-2', 99))?.moment).toEqual({ run: 2, seconds: 1.5 })
      expect(await findShare(db, 'hash of shr-1', 100)).toBeNull()
      expect(await findShare(db, 'shr-1', 0)).toBeNull()
      const ids = async (at: number) => (await sharesOf(db, 'job-a', at)).map(({ id }) => id)
      expect([await ids(0), await ids(150), await ids(200)]).toEqual([['shr-2', 'shr-1'], ['shr-2'], []])
      expect(await removeShare(db, 'job-a', 'shr-3')).toBe(false)
      expect(await removeShare(db, 'job-b', 'shr-3')).toBe(true)
      await removeEndedShares(db, 150)
      expect(await ids(0)).toEqual(['shr-2'])
      await deleteJobRows(db, 'job-a')
      expect(await ids(0)).toEqual([])
    })

    test('finds a token by its hash while it is good, and lists all', async () => {
      const token = (id: string, created_at: number, expires_at: number | null) =>
        insertToken(db, {
          id,
          name: `for ${id}`,
          hash: `hash of ${id}`,
          created_at,
          expires_at,
          used_at: null,
        })
      await token('tok-1', 1, 100)
      await token('tok-2', 2, null)
      expect(await findToken(db, 'hash of tok-1', 99)).toMatchObject({ id: 'tok-1', name: 'for tok-1' })
      expect(await findToken(db, 'hash of tok-1', 100)).toBeNull()
      expect(await findToken(db, 'tok-1', 0)).toBeNull()
      await noteTokenUse(db, 'tok-2', 50)
      expect(await findToken(db, 'hash of tok-2', 1e15)).toMatchObject({ used_at: 50 })
      expect((await allTokens(db)).map(({ id }) => id)).toEqual(['tok-2', 'tok-1'])
      expect(await removeToken(db, 'tok-3')).toBe(false)
      expect(await removeToken(db, 'tok-2')).toBe(true)
      expect(await findToken(db, 'hash of tok-2', 0)).toBeNull()
    })

    test('keeps a setting’s first value', async () => {
      expect(await setting(db, 'installation', 'a')).toBe('a')
      expect(await setting(db, 'installation', 'b')).toBe('a')
    })
  })
}
