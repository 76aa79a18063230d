import { JobLimits } from '@vitrine/contract/job.ts'
import { expect, onTestFinished, test } from 'vitest'
import { startScriptedOllama, type ScriptedModel, type ScriptedOllama } from './testbed/scripted-ollama.ts'
import { startSolver, type Solver } from './testbed/solver.ts'

/* What the agent's policy knows of Ollama and of small models, against a scripted one: `solve` in real sandboxes. */

type Answers = NonNullable<Parameters<typeof startScriptedOllama>[0]['answers']>

const said = (code: string) => `\`\`\`python\n${code}\n\`\`\``
const check = { stdout: 'never printed', whitespace: 'exact' as const }
const template = '{{ .Messages }}'

async function solving(
  model: Omit<ScriptedModel, 'name'> & { name?: string },
  answers: Answers,
): Promise<{ solver: Solver; ollama: ScriptedOllama }> {
  const ollama = await startScriptedOllama({ models: [{ name: 'qwen3:0.6b', ...model }], answers })
  onTestFinished(() => ollama[Symbol.asyncDispose]())
  const solver = await startSolver(ollama.url, 1)
  onTestFinished(() => solver[Symbol.asyncDispose]())
  return { solver, ollama }
}

const bodies = ({ requests }: ScriptedOllama) =>
  requests.flatMap(({ path, body }) => (/generate|chat/.test(path) ? [{ path, ...body }] : [])) as {
    path: string
    think?: boolean
    messages?: { content: string }[]
    prompt?: string
    options: Record<
      'num_ctx' | 'num_predict' | 'temperature' | 'top_p' | 'top_k' | 'repeat_penalty' | 'seed',
      number
    >
  }[]

test('a model that can think is asked not to, but for one candidate; never greedily, never to avoid repetition, with one size of context, each with its seed', async () => {
  const { solver, ollama } = await solving({ template, capabilities: ['completion', 'thinking'] }, [
    said('1'),
  ])
  const limits = JobLimits.parse({ candidates: 8 })
  const { verdict } = await solver.solve({ task: 'Print it.', check, limits })
  expect(verdict).toMatchObject({ outcome: 'failed', candidates: 8 })
  const asked = bodies(ollama)
  const chats = asked.filter(({ path }) => path === '/api/chat')
  expect(chats.filter(({ think }) => think === true)).toHaveLength(1)
  expect(chats.filter(({ think }) => think === undefined)).toHaveLength(0)
  expect(asked[0]).toMatchObject({ think: false, options: { temperature: 0.7, top_p: 0.8, top_k: 20 } })
  expect(chats.find(({ think }) => think)?.options).toMatchObject({
    temperature: 0.6,
    top_p: 0.95,
    top_k: 20,
  })
  for (const { options } of asked) {
    expect(options.temperature).toBeGreaterThanOrEqual(0.6)
    expect(options.repeat_penalty).toBe(1)
  }
  expect(new Set(asked.map(({ options }) => options.num_ctx)).size).toBe(1)
  expect(asked[0]?.options.num_ctx).toBeGreaterThan(4096)
  expect(asked[0]?.options.num_predict).toBeGreaterThanOrEqual(2048)
  expect(new Set(asked.map(({ options }) => options.seed)).size).toBe(asked.length)
})

test('a model that can’t think is never told anything of thinking, which would be an error', async () => {
  const { solver, ollama } = await solving({ template, capabilities: ['completion'] }, [said('1')])
  await solver.solve({ task: 'Print it.', check, limits: JobLimits.parse({ candidates: 5 }) })
  expect(bodies(ollama)).toHaveLength(5)
  for (const body of bodies(ollama)) expect(body).not.toHaveProperty('think')
})

test('an answer that is longer than its room is asked for once more with twice as much, once in a job', async () => {
  const { solver, ollama } = await solving({ template, capabilities: ['completion'] }, [
    { text: said('print("cut'), doneReason: 'length' },
    { text: said('print("cut again'), doneReason: 'length' },
    { text: '', doneReason: 'length' },
    said('print("done")'),
  ])
  const { verdict, events } = await solver.solve({
    task: 'Print done.',
    check: { ...check, stdout: 'done\n' },
  })
  expect(verdict).toMatchObject({ outcome: 'passed', candidates: 3 })
  const rooms = bodies(ollama).map(({ options }) => options.num_predict)
  expect(rooms).toEqual([rooms[0], 2 * rooms[0]!, rooms[0], rooms[0]])
  expect(JSON.stringify(events)).toContain('longer than its room')
})

test('an answer that says the same over and over is ended, not given more room, and its program is taken', async () => {
  const { solver, ollama } = await solving({ template, capabilities: ['completion'] }, [
    { text: '', ending: 'endless' },
    { text: said('print("done")'), ending: 'endless' },
  ])
  const { verdict, events } = await solver.solve({
    task: 'Print done.',
    check: { ...check, stdout: 'done\n' },
  })
  expect(verdict).toMatchObject({ outcome: 'passed', candidate: 2 })
  expect(bodies(ollama)).toHaveLength(2)
  expect(JSON.stringify(events)).toContain('the same over and over')
})

test('an answer that was all thought away is no result, and neither is one that breaks off', async () => {
  const { solver } = await solving({ template, capabilities: ['completion', 'thinking'] }, [
    { text: '', thinking: 'print("done") would do it', doneReason: 'length' },
    { text: '', doneReason: 'stop' },
    { text: said('print("broken off")'), ending: { error: 'llama runner process has terminated' } },
    { text: said('print("broken off")'), ending: 'end' },
    said('print("done")'),
  ])
  const solved = await solver.solve({ task: 'Print done.', check: { ...check, stdout: 'done\n' } })
  expect(solved).toMatchObject({ verdict: { outcome: 'passed' }, stdout: 'done\n' })
  expect(JSON.stringify(solved.events)).toContain('llama runner process has terminated')
})

test('a model server that breaks off every answer ends the job with its own words', async () => {
  const ending = { error: 'unexpected end of weights' }
  const { solver, ollama } = await solving({ template }, [{ text: 'a', ending }])
  const { reason } = await solver.solve({ task: 'Print it.', check })
  expect(reason).toMatchObject({
    code: 'model_error',
    message: expect.stringContaining(ending.error) as string,
  })
  expect(bodies(ollama).length).toBe(3)
})

test('all prompts of one job and style begin alike, up to the task and beyond it', async () => {
  const task = 'Print the number of moons that Mars has.'
  const { solver, ollama } = await solving({ template, capabilities: ['completion'] }, [said('print(1)')])
  await solver.solve({ task, check, limits: JobLimits.parse({ candidates: 6 }) })
  const asked = bodies(ollama)
  const chats = asked.flatMap(({ messages }) => (messages ? [messages] : []))
  const prompts = asked.flatMap(({ prompt }) => (prompt === undefined ? [] : [prompt]))
  expect([chats.length > 1, prompts.length > 1]).toEqual([true, true])
  for (const messages of chats) expect(messages.slice(0, 2)).toEqual(chats[0]?.slice(0, 2))
  for (const prompt of prompts) expect(prompt.startsWith(prompts[0]!)).toBe(true)
  expect(chats[0]?.[1]?.content).toBe(task)
})

test('of a long output the repair is told where it first differs', async () => {
  const { solver, ollama } = await solving({ template, capabilities: ['completion'] }, [
    said('for n in range(500): print("line", n if n < 400 else n + 1)'),
    said('for n in range(500): print("line", n)'),
  ])
  const stdout = Array.from({ length: 500 }, (_, n) => `line ${n}\n`).join('')
  const { verdict } = await solver.solve({ task: 'Print lines.', check: { ...check, stdout } })
  expect(verdict).toMatchObject({ outcome: 'passed', candidates: 2 })
  const complaint = bodies(ollama)[1]?.messages?.at(-1)?.content ?? ''
  expect(complaint).toContain('line 399\nline 400\n')
  expect(complaint).toContain('line 399\nline 401\n')
  expect(complaint.length).toBeLessThan(2000)
})
