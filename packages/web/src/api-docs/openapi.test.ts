import { expect, test } from 'vitest'
import { example, operations, shapeOf, type ApiDocument } from './openapi.ts'

const document: ApiDocument = {
  paths: {
    '/api/v1/jobs': {
      post: {
        operationId: 'createJob',
        summary: 'Create a job',
        parameters: [],
        requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/NewJob' } } } },
        responses: { 202: { description: 'Create a job' } },
      },
    },
  },
  components: {
    schemas: {
      NewJob: {
        type: 'object',
        required: ['task'],
        properties: {
          task: { type: 'string', description: 'What to build.' },
          language: { enum: ['python', 'bash'] },
          tags: { type: 'array', items: { type: 'string' } },
        },
      },
    },
  },
}

test('a schema is shown in the short form that people read', () => {
  expect(shapeOf({ $ref: '#/components/schemas/NewJob' }, document)).toBe(
    '{\n  task: string  // What to build.\n  language?: "python" | "bash"\n  tags?: [string]\n}',
  )
})

test('each operation comes with a call to paste, its body included', () => {
  const [create] = operations(document)
  expect(example(create!, document, 'http://localhost:7080')).toContain(`-X POST`)
  expect(example(create!, document, 'http://localhost:7080')).toContain(`-d '{"task":`)
})
