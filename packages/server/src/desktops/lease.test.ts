import type { ControlChange, ControlInput } from '@vitrine/contract/control.ts'
import { afterEach, expect, test, vi } from 'vitest'
import { createControls } from './control.ts'
import type { Participant } from './lease.ts'

const person = (id: string): Participant => ({ id, mayDrive: true, isGuest: false })
const guest = (id: string, mayDrive = true): Participant => ({ id: `shr-1.${id}`, mayDrive, isGuest: true })
const none = { key: 0, click: 0 }
const [ann, bob, gus] = [person('ann'), person('bob'), guest('gus')]

afterEach(() => void vi.useRealTimers())

function desktop(idleMs = 60_000) {
  const told: ControlChange[] = []
  const inputs: ControlInput[] = []
  const controls = createControls({
    idleMs,
    onChange: (_job, change) => told.push(change),
    onInput: (_job, input) => inputs.push(input),
  })
  const lost: string[] = []
  const connect = (who: Participant, viewOnly = false) =>
    controls.connect('job-1', who, viewOnly, () => lost.push(who.id))
  const state = () => controls.of('job-1').read(ann)
  return { controls, lease: () => controls.of('job-1'), connect, told, inputs, lost, state }
}

test('one person alone just types; another one has to ask or to take over', () => {
  const { connect, lease, told, lost, state } = desktop()
  const [anns, bobs] = [connect(ann), connect(bob)]
  expect(anns.mayInput(null)).toBe(false)
  expect([anns.mayInput('key'), anns.mayInput(null), bobs.mayInput('key')]).toEqual([true, true, false])
  lease().request(bob)
  lease().request(bob)
  expect(state()).toMatchObject({ holder: 'ann', requests: ['bob'], you: 'ann', mayDrive: true })
  lease().give(ann, 'bob')
  expect([anns.mayInput('key'), bobs.mayInput('key')]).toEqual([false, true])
  expect(state()).toMatchObject({ holder: 'bob', requests: [] })
  lease().take(ann)
  expect(lost).toEqual(['ann', 'bob'])
  expect(told).toEqual([
    { holder: 'ann', how: 'taken' },
    { holder: 'bob', how: 'given' },
    { holder: 'ann', how: 'taken' },
  ])
})

test('who gave it back drives again by taking it, not by typing', () => {
  const { connect, lease, state } = desktop()
  const anns = connect(ann)
  anns.mayInput('key')
  lease().release(ann)
  expect(anns.mayInput('key')).toBe(false)
  expect(state()).toMatchObject({ holder: null, viewers: [{ id: 'ann', viewOnly: true }] })
  lease().take(ann)
  expect(anns.mayInput(null)).toBe(true)
})

test('it ends with its holder’s last connection, and nothing of an empty desktop is kept', () => {
  const { controls, connect, told, state } = desktop()
  const [one, two] = [connect(ann), connect(ann)]
  one.mayInput('key')
  one.leave()
  expect(state().holder).toBe('ann')
  two.leave()
  expect(state()).toMatchObject({ holder: null, viewers: [] })
  expect(told.at(-1)).toEqual({ holder: null, how: 'left' })
  expect(controls.of('job-1')).not.toBe(controls.of('job-1'))
})

test('it ends when nothing was typed for its idle time, and not before', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  const { connect, state, told } = desktop(10_000)
  const anns = connect(ann)
  anns.mayInput('key')
  vi.advanceTimersByTime(9_000)
  anns.mayInput(null)
  vi.advanceTimersByTime(9_000)
  expect(state().holder).toBe('ann')
  vi.advanceTimersByTime(1_000)
  expect(state().holder).toBeNull()
  expect(told.at(-1)).toEqual({ holder: null, how: 'idle' })
  expect(anns.mayInput('key')).toBe(true)
})

test('a program drives without watching, until it gives back or is idle', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  const { connect, lease, state, controls } = desktop(10_000)
  lease().use(ann, none)
  expect(state().holder).toBe('ann')
  expect(connect(bob).mayInput('key')).toBe(false)
  expect(() => lease().use(bob, none)).toThrow('Another viewer drives')
  expect(() => lease().request(person('cat'))).toThrow(/watches the desktop/)
  vi.advanceTimersByTime(10_000)
  expect(controls.of('job-1').read(bob).holder).toBeNull()
})

test('a guest to watch never drives; one to drive does not take over from somebody of the server', () => {
  const { connect, lease, state } = desktop()
  const [watcher, driver, anns] = [guest('watcher', false), gus, connect(ann)]
  const seat = connect(watcher)
  connect(driver)
  expect(seat.mayInput('key')).toBe(false)
  for (const act of ['request', 'take', 'use'] as const) {
    expect(() => lease()[act](watcher, none)).toThrow('This share link is to watch only.')
  }
  anns.mayInput('key')
  expect(() => lease().give(ann, watcher.id)).toThrow('This share link is to watch only.')
  expect(() => lease().take(driver)).toThrow('ask for control')
  lease().request(driver)
  lease().give(ann, driver.id)
  expect(state().holder).toBe(driver.id)
  lease().take(ann)
  expect(() => lease().give(driver, 'ann')).toThrow('Only the viewer that drives')
  expect(() => lease().give(ann, 'nobody')).toThrow('No viewer nobody')
  expect(state().holder).toBe('ann')
})

test('how much its holder types and clicks is told every few seconds and at its end, and nothing of the others', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  const { connect, lease, inputs } = desktop()
  const [anns, bobs] = [connect(ann), connect(bob)]
  for (const act of ['key', 'key', null, 'click'] as const) anns.mayInput(act)
  bobs.mayInput('key')
  expect(inputs).toEqual([])
  vi.advanceTimersByTime(5_000)
  expect(inputs).toEqual([{ holder: 'ann', keys: 2, clicks: 1 }])
  vi.advanceTimersByTime(20_000)
  lease().use(ann, { key: 7, click: 0 })
  lease().give(ann, 'bob')
  bobs.mayInput('click')
  lease().release(bob)
  expect(inputs.slice(1)).toEqual([
    { holder: 'ann', keys: 7, clicks: 0 },
    { holder: 'bob', keys: 0, clicks: 1 },
  ])
})
