import { setTimeout as sleep } from 'node:timers/promises'
import type { AgentEvent } from '@vitrine/contract/event.ts'
import { JobLimits, type Verdict } from '@vitrine/contract/job.ts'
import { text } from 'node:stream/consumers'
import { Readable } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { docker, image, startSandbox, type TestSandbox } from './testbed/sandbox.ts'
import { startScriptedOllama, type ScriptedOllama } from './testbed/scripted-ollama.ts'
import { freePort } from './testbed/free-port.ts'

type Script = Parameters<typeof startScriptedOllama>[0]

async function sandboxWith(script: Script): Promise<{ box: TestSandbox; ollama: ScriptedOllama }> {
  const ollama = await startScriptedOllama(script)
  onTestFinished(() => ollama[Symbol.asyncDispose]())
  const box = await startSandbox(ollama.url)
  onTestFinished(() => box[Symbol.asyncDispose]())
  return { box, ollama }
}

const fenced = (program: string, tag = 'python') => `Here it is:\n\`\`\`${tag}\n${program}\n\`\`\`\nEnjoy!`
const squares = 'for i in range(1, 11):\n    print(i * i)'
const printed = '1\n4\n9\n16\n25\n36\n49\n64\n81\n100\n'

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

describe('a sandbox', () => {
  test('takes one assignment: the same again is fine, another is refused', async () => {
    const { box } = await sandboxWith({ answers: [fenced(squares)] })
    await box.assign({ task: 'One.' })
    await box.assign({ task: 'One.' })
    await expect(box.assign({ task: 'Two.', job: 'job-ba9876543210' })).rejects.toThrow('refused')
    await expect(box.assign({ task: 'One.', run: 2 })).rejects.toThrow('refused')
  })

  test('gives the files under /output and nothing that a link, a FIFO or a path leads to', async () => {
    const { box } = await sandboxWith({})
    const link = await box.link()
    await link.writeFile('folder/näme "1"\n.txt', Readable.from([Buffer.from('content')]), box.signal)
    const make = [
      'cd /output',
      'ln -s /etc/passwd link',
      'ln -s /etc folder/etc',
      'mkfifo fifo',
      'truncate -s 1T huge',
      'python3 -c "import socket; socket.socket(socket.AF_UNIX).bind(\'/output/sock\')"',
      "python3 -c \"open(b'/output/\\xff', 'w')\"",
    ]
    await box.exec('bash', '-ec', make.join('\n'))
    const { files, skipped } = await link.files(box.signal)
    expect(files.map(({ path }) => path)).toEqual(['folder/näme "1"\n.txt'])
    expect(skipped.map(({ path, why }) => `${path} ${why}`).toSorted()).toEqual([
      'fifo is a FIFO',
      'folder/etc is a symbolic link',
      'huge is larger than 67108864 bytes',
      'link is a symbolic link',
      'sock is a socket',
      '\ufffd has a name that is no UTF-8',
    ])
    for (const path of [
      'link',
      'folder/etc/passwd',
      'fifo',
      'sock',
      'huge',
      '../etc/passwd',
      '/etc/passwd',
      '',
    ])
      await expect(link.readFile(path, box.signal), path).rejects.toThrow()
    // Larger than what is on the way at once: the refusal comes before it was all sent.
    const large = () => Readable.from(Array.from({ length: 64 }, () => Buffer.alloc(64 * 1024)))
    for (const path of ['folder/etc/new', '../new', '/new', 'a//b', '.', 'a/../b', 'folder', 'x'.repeat(300)])
      await expect(link.writeFile(path, large(), box.signal), path).rejects.toMatchObject({
        code: 'bad_request',
      })
    await link.writeFile('link', Readable.from([Buffer.from('a file now')]), box.signal)
    expect(await text(await link.readFile('link', box.signal))).toBe('a file now')
  })

  test('keeps nothing of a file that broke off, or for which there is no room', async () => {
    const { box } = await sandboxWith({})
    const link = await box.link()
    await link.writeFile('kept', Readable.from([Buffer.from('before')]), box.signal)
    const breaking = Readable.from(
      (async function* () {
        yield Buffer.alloc(100_000)
        throw new Error('the client left')
      })(),
    )
    await expect(link.writeFile('kept', breaking, box.signal)).rejects.toThrow()
    expect(await text(await link.readFile('kept', box.signal))).toBe('before')
    // /output has 64 MiB here.
    const large = () => Readable.from(Array.from({ length: 640 }, () => Buffer.alloc(64 * 1024)))
    await link.writeFile('first', large(), box.signal)
    for (let n = 0; n < 5; n++) {
      await expect(link.writeFile('second', large(), box.signal)).rejects.toMatchObject({ code: 'too_large' })
    }
    for (let n = 0; n < 5; n++) {
      const giveUp = AbortSignal.timeout(5 * n)
      await expect(link.writeFile('third', large(), giveUp)).rejects.toThrow()
    }
    await expect.poll(() => box.exec('ls', '-A', '/output')).toBe('first\nkept\n')
  })

  test('stays bounded with 3000 files', async () => {
    const { box } = await sandboxWith({})
    await box.exec(
      'bash',
      '-c',
      'mkdir /output/many && cd /output/many && seq 3000 | xargs touch && touch ../program.py',
    )
    const { files, skipped } = await (await box.link()).files(box.signal)
    expect(files).toHaveLength(2000)
    expect(files[0]?.path).toBe('program.py')
    expect(skipped.length).toBeLessThan(300)
  })

  test('shows its desktop to several viewers, and again after the X server crashed', async () => {
    const { box } = await sandboxWith({})
    const link = await box.link()
    const banner = async () => {
      const desktop = await link.desktop(box.signal)
      const [first] = (await desktop.take(1).toArray()) as Buffer[]
      desktop.destroy()
      return String(first)
    }
    expect(await Promise.all([banner(), banner()])).toEqual(['RFB 003.008\n', 'RFB 003.008\n'])
    await box.exec('bash', '-c', 'kill -9 $(pidof Xtigervnc)')
    await expect.poll(() => link.status(box.signal)).toMatchObject({ desktop: 'ready' })
    expect(await banner()).toBe('RFB 003.008\n')
  })

  test('shows a job’s windows again after the X server crashed', async () => {
    const { box } = await sandboxWith({ answers: [fenced(squares)] })
    await box.assign({ task: 'Print squares.' })
    await box.until('verdict')
    await box.exec('bash', '-c', 'kill -9 $(pidof Xtigervnc)')
    await expect.poll(() => frames(box), { timeout: 20_000 }).toHaveLength(4)
  })

  test('shows the files of an earlier run without running anything', async () => {
    const { box } = await sandboxWith({})
    const link = await box.link()
    await link.writeFile('kept.py', Readable.from([Buffer.from('open("/output/ran", "w")')]), box.signal)
    await box.assign({ task: 'Print squares.', mode: 'show', program: 'kept.py' })
    await expect.poll(() => frames(box), { timeout: 20_000 }).toHaveLength(4)
    expect((await link.files(box.signal)).files.map(({ path }) => path)).toEqual(['kept.py'])
  })

  test('passes localhost:11434 through to the model server', async () => {
    const { box } = await sandboxWith({})
    await box.link()
    expect(await box.exec('curl', '-s', 'http://localhost:11434/api/tags')).toContain('qwen3:0.6b')
  })

  test('ends by itself when its life is over', async () => {
    const { box } = await sandboxWith({})
    await (await box.link()).live(0.2, box.signal)
    expect(await box.exited()).toBe(0)
  })

  test('ends by itself after its desktop’s time where no server hears of its verdict', async () => {
    const { box } = await sandboxWith({ answers: [fenced(squares)] })
    const limits = JobLimits.parse({ desktopSeconds: 1 })
    await box.assign({ task: 'Print squares.', limits, check: { stdout: printed, whitespace: 'normalized' } })
    await (await box.link()).live(3600, box.signal)
    expect(await box.exited()).toBe(0)
  })

  test('keeps its events for a server that comes back, without a gap', async () => {
    const { box } = await sandboxWith({ answers: [fenced(squares)] })
    const first = await box.link()
    await box.assign({ task: 'Print squares.' })
    first.close()
    await first.closed
    const events = await box.until('verdict')
    expect(events.map(({ type }) => type)).toContain('candidate.started')
  })

  test('has no way out', async () => {
    const { box } = await sandboxWith({})
    expect((await box.exec('sh', '-c', 'cat /proc/net/dev | tail -n +3 | cut -d: -f1')).trim()).toBe('lo')
    await expect(box.exec('touch', '/usr/x')).rejects.toThrow('Read-only')
  })
})

describe('the image alone', () => {
  test('runs a task from the command line and serves the desktop on port 6080', async () => {
    await using ollama = await startScriptedOllama({ answers: [fenced(squares)], host: '0.0.0.0' })
    const port = await freePort()
    const address = `http://host.docker.internal:${new URL(ollama.url).port}`
    const network = ['-p', `127.0.0.1:${port}:6080`, '--add-host', 'host.docker.internal:host-gateway']
    const started = docker(
      'run',
      '-d',
      ...network,
      '-e',
      `OLLAMA_HOST=${address}`,
      image,
      'Print "squares"; --help',
    )
    const container = (await started).trim()
    onTestFinished(async () => void (await docker('rm', '-f', container)))
    await expect.poll(() => docker('logs', container), { timeout: 30_000 }).toContain('Verdict: ran')
    expect(await docker('exec', container, 'cat', '/output/print_squares_help.py')).toBe(`${squares}\n`)
    expect(await (await fetch(`http://127.0.0.1:${port}/vnc.html`)).text()).toContain('<title>')
    const pixels = await firstPixels(`ws://127.0.0.1:${port}/websockify`)
    expect(new Set(pixels).size).toBeGreaterThan(8)
  })

  test('says what it tried where no model server answers', async () => {
    const ran = docker('run', '--rm', '-e', 'OLLAMA_HOST=127.0.0.1:9', image, 'Print squares.')
    await expect(ran).rejects.toThrow(
      /No model server could be reached at http:\/\/127.0.0.1:9.*OLLAMA_HOST/s,
    )
  })

  test('says how to be used where it got no task', async () => {
    await expect(docker('run', '--rm', image)).rejects.toThrow('docker run -p 6080:6080')
  })
})

type Frame = { left: number; top: number; right: number; bottom: number }

function areApart(a: Frame, b: Frame): boolean {
  return a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top
}

/** Where the windows of the desktop are, with their frames. */
async function frames(box: TestSandbox): Promise<Frame[]> {
  const list = await box.exec('xprop', '-display', ':1', '-root', '_NET_CLIENT_LIST').catch(() => '')
  const ids = list.match(/0x[0-9a-f]+/g) ?? []
  const facts = ids.map((id) => box.exec('xwininfo', '-display', ':1', '-frame', '-id', id))
  return (await Promise.all(facts)).map((text) => {
    const number = (name: string) => Number(new RegExp(`${name}:\\s+(-?\\d+)`).exec(text)?.[1])
    const [left, top] = [number('Absolute upper-left X'), number('Absolute upper-left Y')]
    return { left, top, right: left + number('Width'), bottom: top + number('Height') }
  })
}

/** Speaks RFB 3.8 (RFC 6143) as far as one raw frame of the whole desktop, and gives its 32-bit pixels. */
async function firstPixels(url: string): Promise<Uint32Array> {
  const socket = new WebSocket(url, ['binary'])
  onTestFinished(() => socket.terminate())
  let received = Buffer.alloc(0)
  socket.on('message', (data) => (received = Buffer.concat([received, data as Buffer])))
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  const take = async (length: number): Promise<Buffer> => {
    while (received.length < length) await sleep(5)
    const taken = received.subarray(0, length)
    received = received.subarray(length)
    return taken
  }
  expect(String(await take(12))).toBe('RFB 003.008\n')
  socket.send(Buffer.from('RFB 003.008\n'))
  const [count = 0] = await take(1)
  await take(count)
  socket.send(Buffer.from([1]))
  await take(4)
  socket.send(Buffer.from([1]))
  const init = await take(24)
  await take(init.readUInt32BE(20))
  const [width, height] = [init.readUInt16BE(0), init.readUInt16BE(2)]
  socket.send(Buffer.from([2, 0, 0, 1, 0, 0, 0, 0]))
  const request = Buffer.alloc(10)
  request.writeUInt8(3, 0)
  request.writeUInt16BE(width, 6)
  request.writeUInt16BE(height, 8)
  socket.send(request)
  const head = await take(16)
  expect(head.readUInt8(0)).toBe(0)
  const size = head.readUInt16BE(8) * head.readUInt16BE(10) * 4
  const pixels = await take(size)
  return new Uint32Array(pixels.buffer.slice(pixels.byteOffset, pixels.byteOffset + size))
}
