import { text } from 'node:stream/consumers'
import type { AgentEvent } from '@vitrine/contract/event.ts'
import { JobLimits, type Verdict } from '@vitrine/contract/job.ts'
import { describe, expect, test } from 'vitest'
import { frames, type Frame } from './testbed/frames.ts'
import { fenced, printed, sandboxWith, squares } from './testbed/sandbox-with.ts'

const verdictOf = (events: AgentEvent[]): { verdict: Verdict; reason: string | null } => {
  const last = events.at(-1)
  if (last?.type !== 'verdict') throw new Error(`The last event is ${last?.type}.`)
  return { verdict: last.data.verdict, reason: last.data.reason?.code ?? null }
}
const kinds = (events: AgentEvent[]) =>
  events.flatMap((event) => (event.type === 'candidate.started' ? [event.data.kind] : []))

describe('a job', () => {
  test('ends with the evidence that its program ran, with files and four programs on the desktop', async () => {
    const { box, ollama } = await sandboxWith({ answers: [fenced(squares)] })
    await box.assign({
      task: 'Print the squares of 1 to 10.',
      check: { stdout: printed, whitespace: 'exact' },
    })
    const events = await box.until('verdict')

    expect(verdictOf(events)).toMatchObject({
      reason: null,
      verdict: { outcome: 'passed', program: 'print_the_squares_of_1_to_10.py', candidates: 1 },
    })
    const words = events.flatMap((event) => (event.type === 'candidate.text' ? [event.data.text] : []))
    expect(words.join('')).toBe(fenced(squares))
    const windows = events.flatMap((event) => (event.type === 'desktop.window' ? [event.data.program] : []))
    expect(windows.toSorted()).toEqual(['gedit', 'pcmanfm', 'xclock', 'xterm'])
    const generation = await ollama.generation(1)
    expect(generation.body).toMatchObject({ options: { temperature: 0.7, top_p: 0.8, top_k: 20 } })

    const link = await box.link()
    const { files } = await link.files(box.signal)
    expect(files.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['print_the_squares_of_1_to_10.py', '.vitrine/run-1/candidate-1/answer.txt']),
    )
    const program = await link.readFile('print_the_squares_of_1_to_10.py', box.signal)
    expect(await text(program)).toBe(`${squares}\n`)
    expect(await box.logs()).toContain('Verdict: passed')
    await expect.poll(() => frames(box), { timeout: 5000 }).toHaveLength(4)
    const shown = await frames(box)
    for (const [i, a] of shown.entries()) {
      expect(a).toSatisfy((f: Frame) => f.left >= 0 && f.top >= 0 && f.right <= 1280 && f.bottom <= 800)
      for (const b of shown.slice(i + 1)) expect([a, b]).toSatisfy(() => areApart(a, b))
    }
  })

  test('sends an error back once and passes with the repaired program', async () => {
    const { box, ollama } = await sandboxWith({
      answers: [fenced('print(undefined_name)'), fenced(squares)],
      models: [{ name: 'qwen3:0.6b', capabilities: ['completion', 'thinking'], template: '{{ .Messages }}' }],
    })
    await box.assign({ task: 'Print squares.', check: { stdout: printed, whitespace: 'normalized' } })
    const events = await box.until('verdict')
    expect(verdictOf(events)).toMatchObject({ verdict: { outcome: 'passed', candidates: 2 } })
    expect(kinds(events)).toEqual(['first', 'repair'])
    expect(JSON.stringify((await ollama.generation(2)).body)).toContain('NameError')
    expect((await ollama.generation(1)).body).toMatchObject({ think: false })
  })

  test('fails with the best candidate kept, after as many as its limit says', async () => {
    const { box } = await sandboxWith({ answers: [fenced('print(1'), fenced('print(2)'), fenced('1/0')] })
    const limits = JobLimits.parse({ candidates: 3 })
    await box.assign({ task: 'Print three.', check: { stdout: '3', whitespace: 'normalized' }, limits })
    const { verdict, reason } = verdictOf(await box.until('verdict'))
    expect(verdict).toMatchObject({ outcome: 'failed', candidates: 3 })
    expect(verdict.checks.map(({ check, passed }) => [check, passed])).toEqual([
      ['compiles', true],
      ['runs', true],
      ['stdout', false],
    ])
    expect(reason).toBe('check_failed')
    expect(await box.exec('cat', `/output/${verdict.program}`)).toBe('print(2)\n')
  })

  test('fails as no_program where no answer held one', async () => {
    const { box } = await sandboxWith({ answers: ['<think>What would a program be?'] })
    await box.assign({ task: 'Do something.', limits: JobLimits.parse({ candidates: 2 }) })
    expect(verdictOf(await box.until('verdict'))).toMatchObject({
      reason: 'no_program',
      verdict: { outcome: 'failed', program: null },
    })
  })

  test.each([
    ['tests', { tests: 'import program\ndef test_it():\n    assert program.double(4) == 8\n' }, 'passed'],
    ['tests', { tests: 'import program\ndef test_it():\n    assert program.double(4) == 9\n' }, 'failed'],
    ['command', { command: ['sh', '-c', 'python3 "$0" | grep -q 42', '{program}'] }, 'passed'],
    ['command', { command: ['no-such-program'] }, 'failed'],
  ] as const)('is decided by its own check: %s %j', async (name, check, outcome) => {
    const { box } = await sandboxWith({
      answers: [fenced('def double(n):\n    return 2 * n\n\nprint(double(21))')],
    })
    const own = 'command' in check ? { command: [...check.command] } : check
    await box.assign({ task: 'Write double().', check: own, limits: JobLimits.parse({ candidates: 1 }) })
    const { verdict } = verdictOf(await box.until('verdict'))
    expect(verdict.outcome).toBe(outcome)
    expect(verdict.checks.at(-1)).toMatchObject({ check: name, passed: outcome === 'passed' })
  })

  test('fails its tests when the program leaves before pytest can report', async () => {
    const { box } = await sandboxWith({
      answers: [fenced('import os, sys\nif "pytest" in sys.modules: os._exit(0)')],
    })
    const check = { tests: 'import program\ndef test_it():\n    assert False\n' }
    await box.assign({ task: 'Cheat.', check, limits: JobLimits.parse({ candidates: 1 }) })
    expect(verdictOf(await box.until('verdict')).verdict.outcome).toBe('failed')
  })

  test.each([
    ['javascript', 'console.log([1, 2, 3].map((n) => n * n).join(" "))', '1 4 9'],
    ['bash', 'for i in 1 2 3; do\n  echo $((i * i))\ndone', '1\n4\n9'],
  ] as const)('can be written in %s', async (language, program, stdout) => {
    const { box } = await sandboxWith({ answers: [fenced(program, language)] })
    await box.assign({ task: 'Squares.', language, check: { stdout, whitespace: 'normalized' } })
    expect(verdictOf(await box.until('verdict')).verdict.outcome).toBe('passed')
  })

  test.each([
    ['a window', 'import tkinter\nroot = tkinter.Tk()\nroot.mainloop()'],
    [
      'a server',
      'import http.server\nhttp.server.HTTPServer(("127.0.0.1", 8000), http.server.BaseHTTPRequestHandler).serve_forever()',
    ],
  ])('has run when its program shows %s and goes on', async (_, program) => {
    const { box } = await sandboxWith({ answers: [fenced(program)] })
    await box.assign({ task: 'Something that stays.' })
    expect(verdictOf(await box.until('verdict'))).toMatchObject({ reason: null, verdict: { outcome: 'ran' } })
  })

  test('has not run when it goes on without a window of its own, whatever else opens one', async () => {
    const { box } = await sandboxWith({ answers: [fenced('import time\ntime.sleep(600)')] })
    await box.assign({ task: 'Wait.', limits: JobLimits.parse({ candidates: 1 }) })
    await expect.poll(async () => (await frames(box)).length, { timeout: 30_000 }).toBe(3)
    await box.exec('sh', '-c', 'xclock -display :1 >/dev/null 2>&1 &')
    const { verdict } = verdictOf(await box.until('verdict'))
    expect(verdict.checks.at(-1)).toMatchObject({ check: 'runs', passed: false, timedOut: true })
  })

  test('survives a program that eats memory, prints for ever and forks away', async () => {
    const hog = 'x = bytearray(3 << 30)\nfor i in range(0, len(x), 4096): x[i] = 1'
    const endless = 'import sys\nwhile True: sys.stdout.write("x" * 65536)'
    const forks =
      'import os, time\nif os.fork() == 0:\n    os.setsid()\n    os.execvp("sleep", ["sleep", "987"])\nraise SystemExit(1)'
    const { box } = await sandboxWith({
      answers: [fenced(hog), fenced(endless), fenced(forks), fenced(squares)],
    })
    await box.assign({ task: 'Print squares.', check: { stdout: printed, whitespace: 'normalized' } })
    const events = await box.until('verdict')
    expect(verdictOf(events)).toMatchObject({ verdict: { outcome: 'passed', candidates: 4 } })
    expect(await box.exec('ps', 'axo', 'args')).not.toContain('sleep 987')
  })

  test('survives a program that fills /tmp', async () => {
    const fill = 'with open("/tmp/x", "wb", 0) as file:\n    while True: file.write(b"x" * (1 << 20))'
    const { box } = await sandboxWith({ answers: [fenced(fill), fenced(squares)] })
    await box.assign({ task: 'Print squares.', check: { stdout: printed, whitespace: 'normalized' } })
    expect(verdictOf(await box.until('verdict'))).toMatchObject({
      verdict: { outcome: 'passed', candidates: 2 },
    })
  })

  test('ends when its time is over, and waits for the model do not count', async () => {
    const { box } = await sandboxWith({
      answers: [
        { status: 503, error: 'server busy' },
        { text: 'word '.repeat(2000), pieceMs: 50 },
      ],
    })
    await box.assign({ task: 'Talk.', limits: JobLimits.parse({ seconds: 2 }) })
    const events = await box.until('verdict')
    expect(verdictOf(events)).toMatchObject({ reason: 'time_limit', verdict: { outcome: 'failed' } })
    expect(events).toContainEqual({
      type: 'model.waiting',
      data: { waiting: { for: 'model', message: 'server busy' } },
    })
  })

  test('fails as model_unavailable where the model is not there', async () => {
    const { box } = await sandboxWith({ models: [{ name: 'other' }] })
    await box.assign({ task: 'Anything.' })
    expect(verdictOf(await box.until('verdict')).reason).toBe('model_unavailable')
  })

  test('ends without a verdict when it is canceled, and the model call with it', async () => {
    const { box, ollama } = await sandboxWith({ answers: [{ text: 'word '.repeat(20_000), pieceMs: 50 }] })
    await box.assign({ task: 'Talk.' })
    await box.until('candidate.text')
    const begun = performance.now()
    await (await box.link()).cancel(1, box.signal)
    expect(await (await ollama.generation(1)).over).toBe('aborted')
    expect(performance.now() - begun).toBeLessThan(1000)
    expect(await box.logs()).not.toContain('Verdict')
  })
})

function areApart(a: Frame, b: Frame): boolean {
  return a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top
}
