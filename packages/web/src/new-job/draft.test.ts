import { describe, expect, test } from 'vitest'
import { emptyDraft, jobOf, type Draft } from './draft.ts'
import { splitCommand } from './split-command.ts'

const of = (changes: Partial<Draft>) => jobOf({ ...emptyDraft, task: 'Print 1.', ...changes })

describe('a draft', () => {
  test('becomes a job with only what was given', () => {
    expect(of({})).toEqual({ job: { task: 'Print 1.', language: 'python' } })
    expect(of({ name: ' ', labels: ' , ', egress: ' ,', limits: { seconds: '' } })).toEqual(of({}))
    expect(of({ egress: 'docs.example.org, *.example.net' })).toMatchObject({
      job: { egress: ['docs.example.org', '*.example.net'] },
    })
    expect(of({ model: 'm', name: 'One', labels: 'team=red, a=b=c', limits: { cpus: '0.5' } })).toEqual({
      job: {
        task: 'Print 1.',
        language: 'python',
        model: 'm',
        name: 'One',
        limits: { cpus: 0.5 },
        labels: { team: 'red', a: 'b=c' },
      },
    })
  })

  test('has the check of its kind, and no other', () => {
    const all = { stdout: '1', tests: 'def test(): pass', command: 'sh -c "exit 0"' }
    const check = (changes: Partial<Draft>) => {
      const made = of({ ...all, ...changes })
      return 'job' in made ? made.job.check : made.problems
    }
    expect(check({ checkKind: 'none' })).toBeUndefined()
    expect(check({ checkKind: 'stdout' })).toEqual({ stdout: '1', whitespace: 'normalized' })
    expect(check({ checkKind: 'stdout', exact: true })).toEqual({ stdout: '1', whitespace: 'exact' })
    expect(check({ checkKind: 'tests' })).toEqual({ tests: 'def test(): pass' })
    expect(check({ checkKind: 'command' })).toEqual({ command: ['sh', '-c', 'exit 0'] })
  })

  test('tells at each field what can’t be read', () => {
    const made = of({ checkKind: 'command', command: '"', labels: 'red', limits: { seconds: 'long' } })
    expect('problems' in made && Object.keys(made.problems)).toEqual([
      'check.command',
      'labels',
      'limits.seconds',
    ])
  })
})

test.each([
  ['python3 {program} --all', ['python3', '{program}', '--all']],
  [`sh -c 'echo "a b"' ''`, ['sh', '-c', 'echo "a b"', '']],
  [String.raw`a\ b "c\"d" '\e'`, ['a b', 'c"d', String.raw`\e`]],
  ['  ', []],
  [`it's`, null],
])('%j is split as a shell does', (text, words) => {
  expect(splitCommand(text)).toEqual(words)
})
