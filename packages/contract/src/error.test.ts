import { expect, test } from 'vitest'
import { fieldErrors } from './error.ts'
import { NewJob } from './job.ts'

const wrong = (body: object) => fieldErrors(NewJob.safeParse({ task: 'Print 1.', ...body }).error!)

test('each field that is wrong is named by its path', () => {
  expect(
    wrong({ task: ' ', limits: { seconds: 0 }, user: 1 })
      .map(({ path }) => path)
      .toSorted(),
  ).toEqual(['limits.seconds', 'task', 'user'])
})

test('of alternatives the one is named that was meant', () => {
  expect(wrong({ check: { stdout: 'a\0' } })).toEqual([
    { path: 'check.stdout', message: 'must not contain NUL characters or unpaired surrogates' },
  ])
  expect(wrong({ check: { shell: 'x' } }).map(({ path }) => path)).toEqual(['check'])
  expect(wrong({ check: { command: [] } }).map(({ path }) => path)).toEqual(['check.command'])
})
