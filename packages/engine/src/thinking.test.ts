import { expect, test } from 'vitest'
import { thinkingSplitter } from './thinking.ts'

function split(text: string, byPrompt: boolean, size: number) {
  const splitter = thinkingSplitter({ byPrompt })
  const whole = { thinking: '', answer: '' }
  const chunks = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []
  for (const part of [...chunks.map((chunk) => splitter.push(chunk)), splitter.flush()]) {
    whole.thinking += part.thinking
    whole.answer += part.answer
  }
  return whole
}

test.each([
  ['<think>\nadd\n</think>\n\nprint(1)', false, { thinking: '\nadd\n', answer: 'print(1)' }],
  ['add</think>print(1)', true, { thinking: 'add', answer: 'print(1)' }],
  ['print("<think>")', false, { thinking: '', answer: 'print("<think>")' }],
  ['<think>never ends </thin', false, { thinking: 'never ends </thin', answer: '' }],
  ['  <thing', false, { thinking: '', answer: '  <thing' }],
  ['<think></think>', false, { thinking: '', answer: '' }],
  ['', false, { thinking: '', answer: '' }],
])('%j is split the same in chunks of every size', (text, byPrompt, expected) => {
  for (const size of [1, 2, 3, 7, 100]) expect(split(text, byPrompt, size)).toEqual(expected)
})
