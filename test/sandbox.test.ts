import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { JobLimits } from '@vitrine/contract/job.ts'
import { describe, expect, test } from 'vitest'
import { frames } from './testbed/frames.ts'
import { fenced, printed, sandboxWith, squares } from './testbed/sandbox-with.ts'

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

  test('lets go of files that are asked for and not read, however many', async () => {
    const { box } = await sandboxWith({})
    const link = await box.link()
    await link.writeFile('asked', Readable.from([Buffer.alloc(1_000_000)]), box.signal)
    for (let n = 0; n < 1500; n++) {
      const leaving = new AbortController()
      const asked = link.readFile('asked', leaving.signal).then(
        (file) => void file.on('error', () => {}).destroy(),
        () => undefined,
      )
      setTimeout(() => leaving.abort(), n % 4)
      await asked
    }
    const held = () => box.exec('sh', '-c', 'ls -l /proc/*/fd 2>/dev/null | grep -c output/asked || true')
    await expect.poll(held).toBe('0\n')
    expect(await text(await link.readFile('asked', box.signal))).toHaveLength(1_000_000)
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
