import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fileName } from './filename.ts'

test.each([
  ['Write a Python program that prints the squares.', 'write_a_python_program_that_prints_the_squares.py'],
  ['random', 'random_program.py'],
  ['../../etc/passwd', 'etc_passwd.py'],
  ['-rf .', 'rf_program.py'],
  ['🎉🎉', 'program.py'],
  ['.hidden\nfile\t"quoted"\x1b[2J', 'hidden_file_quoted_2j.py'],
  ['%2e%2e%2f', '2e_2e_2f.py'],
])('%j becomes %s', (task, name) => {
  expect(fileName(task, 'py')).toBe(name)
})

test('a name is safe whatever the task is', () => {
  const anything = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 400 }),
    fc.string({
      unit: fc.constantFrom('é', '/', '.', '-', '\\', ' ', '\n', '𝔘', '字', '\u202e', '\ud800'),
      maxLength: 400,
    }),
  )
  fc.assert(
    fc.property(anything, (task) => {
      const name = fileName(task, 'py')
      expect(name).toMatch(/^[\p{L}\p{N}][\p{L}\p{N}_]*\.py$/u)
      expect(name.isWellFormed()).toBe(true)
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200)
      expect(Array.from(name).length).toBeLessThanOrEqual(63)
      expect(name).toContain('_program.py'.length > 0 && !name.slice(0, -3).includes('_') ? 'program' : '_')
    }),
  )
})
