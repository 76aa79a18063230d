import { expect, test } from 'vitest'
import { chatBody, generateBody, parseBody, showBody } from './protocol.ts'

test("a generate body gets Ollama's defaults", () => {
  const body = parseBody(generateBody, '{"model":"m","prompt":"1 +","options":{"stop":"\\n","mirostat":1}}')
  expect(body).toMatchObject({ model: 'm', prompt: '1 +', raw: false, stream: true })
  expect(body.options).toEqual({
    num_predict: -1,
    num_ctx: 4096,
    temperature: 0.8,
    top_k: 40,
    top_p: 0.9,
    min_p: 0,
    repeat_penalty: 1.1,
    repeat_last_n: 64,
    stop: ['\n'],
  })
})

test.each([
  [generateBody, '{bad', /not JSON/],
  [generateBody, '[]', /expected object/],
  [generateBody, '{}', /^model: model is required/],
  [generateBody, '{"model":""}', /^model: model is required/],
  [generateBody, '{"model":"m","prompt":3}', /^prompt: .*string/],
  [
    generateBody,
    '{"model":"m","options":{"temperature":"x","top_k":1.5}}',
    /options\.temperature: .*options\.top_k: /,
  ],
  [generateBody, '{"model":"m","options":{"num_ctx":-4}}', /^options\.num_ctx: /],
  [generateBody, '{"model":"m","format":"json"}', /^format: /],
  [generateBody, '{"model":"m","images":["aGk="]}', /^images\.0: .*no images/],
  [generateBody, '{"model":"m","template":"x"}', /^template: .*does not support/],
  [chatBody, '{"model":"m","messages":[{"role":"boss","content":"hi"}]}', /^messages\.0\.role: /],
  [chatBody, '{"model":"m","messages":[{"role":"user","content":3}]}', /^messages\.0\.content: /],
  [chatBody, '{"model":"m","tools":[{}]}', /^tools\.0: .*no tools/],
  [showBody, '{}', /^model: model is required/],
])('%# a wrong body is refused by the name of its field', (schema, raw, message) => {
  expect(() => parseBody(schema, raw)).toThrow(message)
})

test('show takes the old field name too', () => {
  expect(parseBody(showBody, '{"name":"m"}')).toEqual({ model: 'm' })
})
