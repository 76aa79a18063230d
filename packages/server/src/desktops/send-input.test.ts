import { duplexPair } from 'node:stream'
import { expect, test } from 'vitest'
import { fakeDesktop } from '../runtimes/fake/desktop.ts'
import { scriptedDesktop } from './fake-desktop.ts'
import { inputMessages, sendInput } from './send-input.ts'

const messages = (...actions: Parameters<typeof inputMessages>[0]) => {
  const bytes = inputMessages(actions)
  const all: string[] = []
  for (let at = 0; at < bytes.length;) {
    const isKey = bytes[at] === 4
    const where = () => `${bytes.readUInt16BE(at + 2)},${bytes.readUInt16BE(at + 4)}`
    all.push(
      isKey
        ? `${bytes[at + 1] ? '+' : '-'}${bytes.readUInt32BE(at + 4).toString(16)}`
        : `${bytes[at + 1]}@${where()}`,
    )
    at += isKey ? 8 : 6
  }
  return all.join(' ')
}
const mouse = (action: 'move' | 'click' | 'double' | 'press' | 'release' | 'up' | 'down', x: number) => ({
  mouse: { x, y: 2, action, button: 'left' as const },
})

test('text is typed character by character, chords are held together', () => {
  expect(messages({ text: 'aé\n€' })).toBe('+61 -61 +e9 -e9 +ff0d -ff0d +10020ac -10020ac')
  expect(messages({ keys: ['Control', 'Shift', 'c'] })).toBe('+ffe3 +ffe1 +63 -63 -ffe1 -ffe3')
  expect(messages({ text: '😀' })).toBe('+101f600 -101f600')
})

test('the mouse clicks, drags and turns its wheel, and ends with nothing pressed', () => {
  expect(messages(mouse('click', 1))).toBe('0@1,2 1@1,2 0@1,2')
  expect(messages(mouse('press', 1), mouse('move', 5), mouse('release', 9))).toBe(
    '0@1,2 1@1,2 1@5,2 1@9,2 0@9,2',
  )
  expect(messages(mouse('press', 1), mouse('move', 5))).toBe('0@1,2 1@1,2 1@5,2 0@5,2')
  expect(messages(mouse('down', 1))).toBe('0@1,2 16@1,2 0@1,2')
})

test('a key that there is not is named, with those that there are', () => {
  for (const key of ['Ctrl', 'constructor', 'ab']) {
    expect(() => inputMessages([{ text: 'a' }, { keys: ['Control', key] }])).toThrow(/is no key: .*Return/)
  }
})

test('the desktop has taken all of it when the call returns; one that does not answer is said', async () => {
  const desktop = fakeDesktop()
  const open = async () => {
    const [viewerSide, desktopSide] = duplexPair()
    void desktop.serve(desktopSide)
    return viewerSide
  }
  const { signal } = new AbortController()
  await sendInput(open, 'job-1', [{ text: 'a' }], signal)
  expect(Buffer.concat(desktop.inputs)).toEqual(inputMessages([{ text: 'a' }]))

  const broken = scriptedDesktop([Buffer.from('SSH-2.0-dropbear')])
  await expect(sendInput(async () => broken.stream, 'job-1', [{ text: 'a' }], signal)).rejects.toThrow(
    /did not take the input: the banner is/,
  )
})
