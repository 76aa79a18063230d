import { expect, test } from 'vitest'
import { parseFlags } from './flags.ts'

test('a model file is enough', () => {
  expect(parseFlags(['--model-file', '/models/Qwen3-0.6B-Q8_0.gguf'])).toEqual({
    modelFile: '/models/Qwen3-0.6B-Q8_0.gguf',
    name: 'qwen3-0.6b-q8_0:latest',
    listen: { host: '127.0.0.1', port: 11434 },
    untilStdinEnds: false,
  })
})

test('name, socket and life can be chosen', () => {
  expect(
    parseFlags([
      '--model-file=m.gguf',
      '--name',
      'qwen3:0.6b',
      '--socket',
      '/run/e.sock',
      '--until-stdin-ends',
    ]),
  ).toEqual({
    modelFile: 'm.gguf',
    name: 'qwen3:0.6b',
    listen: { path: '/run/e.sock' },
    untilStdinEnds: true,
  })
})

test.each([
  [[], /--model-file is missing/],
  [['--model-file', 'm', '--port', '99999'], /--port 99999/],
  [['--port', 'x'], /--model-file is missing; --port x/],
  [['--model-file', 'm', '--port', '1', '--socket', 's'], /exclude each other/],
  [['--modle-file', 'm'], /--modle-file/],
])('%j is refused with the reason', (argv, message) => {
  expect(() => parseFlags(argv)).toThrow(message)
})
