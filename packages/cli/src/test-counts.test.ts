import { expect, test } from 'vitest'
import { countTests } from './test-counts.ts'

const report = (changes: object) => ({
  numPassedTests: 3,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [],
  ...changes,
})

test('tests are counted as vitest reports them', () => {
  const counted = countTests(report({ numFailedTests: 1, numPendingTests: 2, numTodoTests: 1 }), 1)
  expect(counted).toEqual({ passed: 3, failed: 1, skipped: 3 })
})

test('a file that could not be loaded counts as a failure', () => {
  const testResults = [
    { status: 'failed', assertionResults: [] },
    { status: 'passed', assertionResults: [{ status: 'passed' }] },
  ]
  expect(countTests(report({ testResults }), 1)).toMatchObject({ failed: 1 })
})

test('a run that ends badly is never counted as good', () => {
  expect(countTests(report({}), 1)).toMatchObject({ failed: 1 })
  expect(countTests(undefined, 0)).toMatchObject({ passed: 0, failed: 1 })
})
