import { expect, test } from 'vitest'
import { readConfig } from './config.ts'

test.each([
  [{}, 1],
  [{ OLLAMA_NUM_PARALLEL: '4' }, 4],
  [{ OLLAMA_NUM_PARALLEL: '0' }, 1],
  [{ OLLAMA_NUM_PARALLEL: '4', VITRINE_MODEL_SLOTS: '2' }, 2],
])('with %o a model server makes %i generations at a time', (environment, slots) => {
  expect(readConfig(environment).modelSlots).toBe(slots)
})

test('all that is wrong is told at once, by the variables’ names', () => {
  const wrong = { VITRINE_MODEL_PATIENCE: '0', VITRINE_MODEL_SLOTS: 'many', VITRINE_MODEL: '../x' }
  const names = Object.keys(wrong)
  expect(() => readConfig(wrong)).toThrow(new RegExp(`(${names.join('|')})[^]*`.repeat(names.length)))
})
