import { describe, expect, test } from 'vitest'
import { filePath, readAddress, streamUrl } from './address.ts'

describe('readAddress', () => {
  test('knows the pages at the root', () => {
    expect(readAddress('/')).toEqual({ base: '', page: { name: 'jobs' } })
    expect(readAddress('/new')).toEqual({ base: '', page: { name: 'new' } })
    expect(readAddress('/jobs/job-0123456789ab')).toEqual({
      base: '',
      page: { name: 'job', id: 'job-0123456789ab' },
    })
  })

  test('knows the pages under another path', () => {
    expect(readAddress('/lab/vitrine/')).toEqual({ base: '/lab/vitrine', page: { name: 'jobs' } })
    expect(readAddress('/lab/doctor')).toEqual({ base: '/lab', page: { name: 'doctor' } })
    expect(readAddress('/lab/new')).toEqual({ base: '/lab', page: { name: 'new' } })
    expect(readAddress('/lab/jobs/job-0123456789ab/')).toEqual({
      base: '/lab',
      page: { name: 'job', id: 'job-0123456789ab' },
    })
  })
})

test('streamUrl keeps to the page’s server and security', () => {
  expect(streamUrl(new URL('https://a.example/v/jobs/job-0123456789ab'), '/v', 'job-0123456789ab')).toBe(
    'wss://a.example/v/jobs/job-0123456789ab/websockify',
  )
})

test('filePath encodes what a file name may hold', () => {
  expect(filePath('', 'job-0123456789ab', 'out/é & #1?.txt')).toBe(
    '/api/v1/jobs/job-0123456789ab/files/out/%C3%A9%20%26%20%231%3F.txt',
  )
})
