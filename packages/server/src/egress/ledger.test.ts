import type { EgressAttempt } from '@vitrine/contract/egress.ts'
import { expect, test } from 'vitest'
import { openEgress } from '../testing/open-egress.ts'
import { createLedger, type Page } from './ledger.ts'

const line = (changes: Partial<EgressAttempt> = {}): EgressAttempt => ({
  method: 'CONNECT',
  host: 'evil.example',
  port: 443,
  allowed: false,
  why: 'the job did not ask for this host',
  address: null,
  bytesSent: 0,
  bytesReceived: 0,
  seconds: 0,
  count: 1,
  open: false,
  ...changes,
})

const log = { error: () => {} }

test('attempts that are alike are one line with their count', async () => {
  const pages: Page[] = []
  const ledger = createLedger({ write: async (page) => void pages.push(page), log })
  for (let time = 0; time < 100_000; time += 1) ledger.add('job-1', 1, line())
  ledger.add('job-1', 1, line({ host: 'other.example', bytesSent: 3 }))
  ledger.add('job-1', 1, line({ host: 'other.example', bytesSent: 4 }))
  ledger.add('job-2', 1, line())
  await ledger[Symbol.asyncDispose]()
  expect(pages).toEqual([
    {
      job: 'job-1',
      run: 1,
      lines: [line({ count: 100_000 }), line({ host: 'other.example', bytesSent: 7, count: 2 })],
      more: null,
    },
    { job: 'job-2', run: 1, lines: [line()], more: null },
  ])
})

test('a flood of different refusals is bounded, nothing of it is lost from the count, and connections are told on', async () => {
  const pages: Page[] = []
  const written = new Set<() => void>()
  const write = async (page: Page) => {
    pages.push(page)
    for (const done of written) done()
  }
  const ledger = createLedger({ write, log, soonMs: 1, lateMs: 1 })
  let sent = 0
  for (let round = 0; round < 40; round += 1) {
    const next = new Promise<void>((resolve) => written.add(resolve))
    for (let host = 0; host < 2500; host += 1)
      ledger.add('job-1', 1, line({ host: `h${sent++}.evil.example` }))
    await next
    written.clear()
  }
  ledger.add('job-1', 1, line({ host: 'allowed.example', allowed: true, why: null }))
  await ledger[Symbol.asyncDispose]()
  const lines = pages.flatMap((page) => page.lines)
  const refused = lines.filter(({ allowed }) => !allowed)
  expect(refused.length).toBeLessThanOrEqual(1000)
  expect(refused.length + pages.reduce((sum, { more }) => sum + (more?.refused ?? 0), 0)).toBe(100_000)
  expect(lines.at(-1)).toMatchObject({ host: 'allowed.example', count: 1 })
})

test('a page that could not be written is written later', async () => {
  const pages: Page[] = []
  let fails = 2
  const again = Promise.withResolvers<void>()
  const write = async (page: Page) => {
    if (fails-- > 0) throw new Error('the disk is full')
    pages.push(page)
    again.resolve()
  }
  const ledger = createLedger({ write, log, soonMs: 1 })
  ledger.add('job-1', 1, line())
  await again.promise
  await ledger[Symbol.asyncDispose]()
  expect(pages).toMatchObject([{ lines: [line()] }])
})

test('a thousand refused requests are a few lines', async () => {
  await using egress = await openEgress({ hosts: [] })
  const one = 'GET http://evil.example/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
  await Promise.all(Array.from({ length: 1000 }, () => egress.raw(one)))
  const { lines } = await egress.ledger()
  expect(lines.length).toBeLessThan(50)
  expect(lines.reduce((sum, { count }) => sum + count, 0)).toBe(1000)
})
