import http2 from 'node:http2'
import { text } from 'node:stream/consumers'
import { duplexPair } from 'node:stream'
import { afterEach, expect, test } from 'vitest'
import { Link } from '../links/link.ts'
import { Driven } from './driven.ts'

const job = 'job-000000000001'
const links: Link[] = []
afterEach(() => links.splice(0).forEach((link) => link.close()))

/** A link to an agent that notes what it is told, and answers when it is let. */
function agent(status = 204) {
  const [ours, theirs] = duplexPair()
  const told: boolean[] = []
  const answer = Promise.withResolvers<void>()
  http2.performServerHandshake(theirs).on('stream', (stream) => {
    void text(stream)
      .then((body) => told.push((JSON.parse(body) as { driven: boolean }).driven))
      .then(() => answer.promise)
      .then(() => stream.respond({ ':status': status }, { endStream: true }))
  })
  const link = new Link('sbx-test', ours)
  links.push(link)
  return {
    link,
    told,
    answers: () => answer.resolve(),
  }
}

test('an agent is told how it stands, once for each change, and the last word is right', async () => {
  let isDriven = false
  const driven = new Driven(() => isDriven, AbortSignal.timeout(10_000))
  const one = agent()
  driven.linked(job, one.link)
  await expect.poll(() => one.told).toEqual([false])
  for (const now of [true, false, true, false, true]) {
    isDriven = now
    driven.changed(job)
  }
  one.answers()
  await expect.poll(() => one.told).toEqual([false, true])
  driven.changed(job)
  isDriven = false
  driven.changed(job)
  await expect.poll(() => one.told).toEqual([false, true, false])
})

test('an agent that dials again is told anew; one that does not know of it keeps its link', async () => {
  const driven = new Driven(() => true, AbortSignal.timeout(10_000))
  const [first, second] = [agent(), agent(404)]
  first.answers()
  second.answers()
  driven.linked(job, first.link)
  await expect.poll(() => first.told).toEqual([true])
  first.link.close()
  driven.linked(job, second.link)
  await expect.poll(() => second.told).toEqual([true])
  driven.changed(job)
  expect(second.link.isOpen).toBe(true)
})
