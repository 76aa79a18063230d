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

test.each([
  [{}, 'task', 'is missing'],
  [{ task: 1 }, 'task', 'must be text'],
  [{ task: ' ' }, 'task', 'must not be empty'],
  [{ task: 'x', language: 'cobol' }, 'language', 'must be one of python, javascript, bash'],
  [{ task: 'x', limits: { seconds: 0 } }, 'limits.seconds', 'must be at least 1'],
  [{ task: 'x', limits: { cpus: 99 } }, 'limits.cpus', 'must be at most 64'],
  [{ task: 'x', limits: { candidates: 1.5 } }, 'limits.candidates', 'must be a whole number'],
  [{ task: 'x', limits: { cpus: '1' } }, 'limits.cpus', 'must be a number'],
  [{ task: 'x', labels: { Bad: '1' } }, 'labels.Bad', 'label keys are lower case letters, digits, . _ / -'],
  [{ task: 'x', egress: 'a.example' }, 'egress', 'must be a list'],
  [
    { task: 'x', check: {} },
    'check',
    'must hold one of stdout, tests and command, each as the API describes it',
  ],
  [{ task: 'x', image: 'y' }, 'image', 'unknown field'],
  [[], '', 'must be an object'],
])('%j: %s %s', (body, path, message) => {
  expect(fieldErrors(NewJob.safeParse(body).error!)).toEqual([{ path, message }])
})
