import { expect, test } from 'vitest'
import { controlAddress } from './control-calls.ts'

const address = (page: string, stream: string) => controlAddress(new URL(page), new URL(stream))

test('a desktop page finds who drives beside its stream, by a job’s address, a share link’s and a port of its own', () => {
  const host = 'http://localhost:7080'
  expect(
    address(
      `${host}/v/jobs/job-0123456789ab/vnc.html`,
      `ws://localhost:7080/v/jobs/job-0123456789ab/websockify`,
    ),
  ).toBe('/v/api/v1/jobs/job-0123456789ab/control')
  expect(address(`${host}/s/abc/`, 'ws://localhost:7080/s/abc/websockify')).toBe('/s/abc/control')
  expect(address('http://localhost:6080/vnc.html', 'ws://localhost:6080/websockify')).toBe('/control')
})

test('a desktop of another machine has nobody to ask', () => {
  expect(address('http://localhost:6080/vnc.html', 'ws://elsewhere:6080/websockify')).toBeNull()
  expect(address('http://localhost:6080/vnc.html', 'ws://localhost:6080/other')).toBeNull()
})
