import { expect, test } from 'vitest'
import { inputGate } from './input-gate.ts'

const hello = Buffer.concat([Buffer.from('RFB 003.008\n'), Buffer.from([1, 1])])
const key = (keysym: number, down: number) => Buffer.from([4, down, 0, 0, 0, 0, 0, keysym])
const qemu = (keycode: number, down: number) => Buffer.from([255, 0, 0, down, 0, 0, 0, 65, 0, 0, 0, keycode])
const pointer = (mask: number, x: number) => Buffer.from([5, mask, 0, x, 0, 9])

function gate() {
  const written: Buffer[] = []
  let lost = () => {}
  const seat = { mayInput: () => true, leave: () => {} }
  const made = inputGate(
    (whenLost) => {
      lost = whenLost
      return seat
    },
    (bytes) => written.push(Buffer.from(bytes)) < 1000,
  )
  made.push(hello)
  written.length = 0
  return { push: (...messages: Buffer[]) => made.push(Buffer.concat(messages)), written, lose: () => lost() }
}

test('keys and buttons that are held when the lease is lost are let go, each once', () => {
  const { push, written, lose } = gate()
  push(
    key(65, 1),
    key(66, 1),
    key(65, 0),
    qemu(30, 1),
    qemu(31, 1),
    qemu(31, 0),
    pointer(1, 5),
    pointer(3, 7),
  )
  written.length = 0
  lose()
  expect(written).toEqual([key(66, 0), qemu(30, 0), pointer(0, 7)])
  lose()
  expect(written).toHaveLength(3)
})

test('no more keys are held than there is memory for', () => {
  const { push, written } = gate()
  push(...Array.from({ length: 200 }, (_, index) => key(index, 1)))
  expect(written).toHaveLength(64)
})

test('a desktop that takes no more stops the viewer', () => {
  const isFull = inputGate(
    () => ({ mayInput: () => true, leave: () => {} }),
    () => false,
  ).push(hello)
  expect(isFull).toBe(true)
})
