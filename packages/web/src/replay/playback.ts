import { recordedScreen } from '@vitrine/sdk/recordings.ts'
import { createStillness } from './stillness.ts'

type Screen = ReturnType<typeof recordedScreen>
type RecordingEntry = Parameters<Screen['apply']>[0]

export type Source = {
  /** The records from the last key picture at or before a time on; times are milliseconds since the recording began. */
  read: (from: number, signal: AbortSignal) => AsyncGenerator<RecordingEntry, unknown>
}

export type PlaybackState = {
  time: number
  isPlaying: boolean
  /** False until the picture of `time` is shown. */
  isShown: boolean
  problem: unknown
}

/** A tab that was hidden goes on where it was. */
const longestStep = 250

/** Plays a recording on a canvas. What a seek has begun, the next one ends: the last wish wins. */
export class Playback implements Disposable {
  speed = 1
  skipsStill = false
  duration: number
  readonly #canvas: HTMLCanvasElement
  readonly #source: Source
  readonly #onChange: (state: PlaybackState) => void
  #state: PlaybackState = { time: 0, isPlaying: false, isShown: false, problem: undefined }
  #reading = new AbortController()
  #wake: (() => void) | undefined

  constructor(
    canvas: HTMLCanvasElement,
    options: { source: Source; duration: number; onChange: (state: PlaybackState) => void },
  ) {
    this.#canvas = canvas
    this.#source = options.source
    this.duration = options.duration
    this.#onChange = options.onChange
  }

  /** Shows the picture of a time; plays on from there if it was playing. */
  seek(time: number): void {
    const wanted = Math.min(Math.max(0, time), this.duration)
    this.#reading.abort()
    this.#reading = new AbortController()
    this.#change({ time: wanted, isShown: false, problem: undefined })
    const { signal } = this.#reading
    this.#show(wanted, signal).catch((problem: unknown) => {
      if (!signal.aborted) this.#change({ problem, isPlaying: false })
    })
  }

  play(): void {
    const isOver = this.#state.time >= this.duration
    this.#change({ isPlaying: true })
    if (isOver) this.seek(0)
    this.#wake?.()
  }

  pause(): void {
    this.#change({ isPlaying: false })
  }

  [Symbol.dispose](): void {
    this.#reading.abort()
  }

  async #show(time: number, signal: AbortSignal): Promise<void> {
    const screen = recordedScreen()
    const stillness = createStillness()
    const records = this.#source.read(time, signal)
    let next = await records.next()
    // Before the first picture there is none: that one is shown then.
    while (!next.done && (next.value.time <= time || screen.width === 0)) {
      stillness.see(await screen.apply(next.value), next.value.time)
      next = await records.next()
    }
    if (signal.aborted) return
    this.#draw(screen, [{ x: 0, y: 0, width: screen.width, height: screen.height }])
    this.#change({ isShown: true })

    const readUpTo = this.duration
    for (let step = await this.#turn(signal); !signal.aborted; step = await this.#turn(signal)) {
      // More was recorded since.
      if (next.done && this.duration > readUpTo) return this.seek(this.#state.time)
      let now = Math.min(this.#state.time + step * this.speed, this.duration)
      if (this.skipsStill && stillness.isStill(now)) {
        now = next.done ? this.duration : Math.max(now, next.value.time)
      }
      while (!next.done && next.value.time <= now) {
        const areas = await screen.apply(next.value)
        if (signal.aborted) return
        this.#draw(screen, areas)
        stillness.see(areas, next.value.time)
        next = await records.next()
      }
      if (signal.aborted) return
      this.#change({ time: now, isPlaying: this.#state.isPlaying && now < this.duration })
    }
  }

  /** Waits until it plays, and for the browser's next picture; how many milliseconds of playing that was. */
  async #turn(signal: AbortSignal): Promise<number> {
    while (!this.#state.isPlaying && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      signal.addEventListener('abort', () => resolve(), { once: true })
      await promise
    }
    const begun = performance.now()
    await new Promise((resolve) => requestAnimationFrame(resolve))
    return Math.min(performance.now() - begun, longestStep)
  }

  #draw(screen: Screen, areas: readonly { x: number; y: number; width: number; height: number }[]): void {
    if (screen.width === 0) return
    const { width, height, rgba } = screen
    if (this.#canvas.width !== width || this.#canvas.height !== height)
      Object.assign(this.#canvas, { width, height })
    const image = new ImageData(rgba, width, height)
    const context = this.#canvas.getContext('2d')
    for (const area of areas) context?.putImageData(image, 0, 0, area.x, area.y, area.width, area.height)
  }

  #change(change: Partial<PlaybackState>): void {
    this.#state = { ...this.#state, ...change }
    this.#onChange(this.#state)
  }
}
