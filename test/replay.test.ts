import { existsSync } from 'node:fs'
import { readdir, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { axeFindings } from './testbed/axe.ts'
import { clickDesktop, coloursOf, problemsOf } from './testbed/browser.ts'
import { docker } from './testbed/containers.ts'
import { sharedBrowser } from './testbed/shared-browser.ts'
import { sharedServer } from './testbed/shared-server.ts'
import { program } from './testbed/stories.ts'

const live = '.case[data-state=live]'
/** Where the terminal stands on the desktop, by deploy/desktop/openbox.xml. */
const terminal = { x: 200, y: 700 }
const seekGoal = 500
const soon = { timeout: 20_000 }

const { server } = await sharedServer({}, program('print("shown")'))
const chromium = await sharedBrowser()

const open = async (path: string) => {
  const page = await chromium.context.newPage()
  await page.goto(await server.vitrine.signInLink({ next: path }))
  return page
}

/** A job that has ended, whose desktop stands still: its clock is stopped. */
async function stillJob(): Promise<string> {
  const { id } = await server.vitrine.jobs.create({ task: 'Show something.' })
  await server.reach(id, 'succeeded')
  const sandbox = (await server.sandboxOf(id))!
  const stop = 'kill -STOP $(pidof xclock)'
  await expect
    .poll(() => docker('exec', sandbox.id, 'sh', '-c', stop).catch(String), { timeout: 20_000 })
    .toBe('')
  return id
}

type Seen = { png: string; seconds: number }

/** What the desktop shows once it has not changed for a second, and a moment of that, in the recording's seconds. */
async function seenWhenStill(id: string): Promise<Seen> {
  let seen: Seen = { png: '', seconds: 0 }
  // The moment lies between two pictures: a program that is late may draw just after the second one.
  const isStill = async () => {
    const before = seen
    const { seconds } = await recordingOf(id)
    const picture = await (await server.vitrine.jobs.screenshot(id)).arrayBuffer()
    seen = { png: Buffer.from(picture).toString('base64'), seconds }
    return seen.png === before.png
  }
  await expect.poll(isStill, { timeout: 30_000, interval: 1000 }).toBe(true)
  return seen
}

async function recordingOf(id: string, run = 1) {
  const found = (await server.vitrine.jobs.recordings.list(id)).find((one) => one.run === run)
  if (!found) throw new Error(`run ${run} of ${id} has no recording`)
  return found
}

/** How many pixels of the player's canvas are not those of a PNG. */
function differingPixels(page: Page, png: string): Promise<number> {
  return page.locator('.player canvas').evaluate(async (element, base64) => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
    const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }))
    const pixelsOf = (source: CanvasImageSource) => {
      const picture = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d')!
      picture.drawImage(source, 0, 0)
      return new Uint32Array(picture.getImageData(0, 0, bitmap.width, bitmap.height).data.buffer)
    }
    const wanted = pixelsOf(bitmap)
    return pixelsOf(element as HTMLCanvasElement).reduce(
      (sum, pixel, at) => sum + Number(pixel !== wanted[at]),
      0,
    )
  }, png)
}

/** Goes to a moment as a person does who follows a link to it; milliseconds until its picture is there. */
async function seek(page: Page, seconds: number): Promise<number> {
  const range = page.getByRole('slider', { name: 'Moment of the recording' })
  // While more is recorded the page learns of it every few seconds.
  await expect
    .poll(async () => Number(await range.getAttribute('max')), { timeout: 10_000 })
    .toBeGreaterThan(seconds * 1000)
  return page.evaluate(async (seconds) => {
    const wanted = String(Math.round(seconds * 1000))
    const begun = performance.now()
    location.hash = `#t=${seconds}`
    while (document.querySelector<HTMLElement>('.player')?.dataset['shown'] !== wanted) {
      await new Promise((resolve) => requestAnimationFrame(resolve))
    }
    return performance.now() - begun
  }, seconds)
}

const cut = (seconds: number) => Math.floor(seconds * 10) / 10

async function typeLine(page: Page, text: string): Promise<void> {
  await clickDesktop(page, terminal.x, terminal.y)
  await page.keyboard.type(`${text}\n`)
}

test('a replay shows the pictures that the live desktop showed, beside it, after it, and saved as a page', async () => {
  const id = await stillJob()
  const page = await open(`/jobs/${id}`)
  await page.locator(live).waitFor()
  await expect.poll(() => coloursOf(page), { timeout: 10_000 }).toBeGreaterThan(50)
  await typeLine(page, 'echo this is the first moment')
  const first = await seenWhenStill(id)
  await typeLine(page, 'clear; seq 40')
  const second = await seenWhenStill(id)
  expect(second.png).not.toBe(first.png)

  await page.getByRole('button', { name: 'Replay' }).click()
  for (const { png, seconds } of [first, second]) {
    await seek(page, cut(seconds))
    expect(await differingPixels(page, png)).toBe(0)
  }

  await server.vitrine.jobs.stop(id)
  await server.reach(id, ({ desktop }) => desktop.state === 'closed')
  await page.goto(`${server.url}jobs/${id}#t=${cut(first.seconds)}`)
  await page.locator(`.player[data-shown="${Math.round(cut(first.seconds) * 1000)}"]`).waitFor()
  expect(await differingPixels(page, first.png)).toBe(0)
  const { seconds } = await recordingOf(id)
  const places = [0.95, 0.1, 0.5, 0.3, 0.8, 0, 0.6].map((part) => cut(part * seconds))
  const took: number[] = []
  for (const place of places) took.push(await seek(page, place))
  console.log(
    `seeks in ${seconds.toFixed(0)} s took ${took.map((ms) => ms.toFixed(0)).join(', ')} ms (goal ≤ ${seekGoal})`,
  )

  const saved = join(server.stateDir, 'replay.html')
  await writeFile(saved, await (await server.vitrine.jobs.recordings.page(id, 1)).bytes())
  const asked: string[] = []
  const away = await chromium.browser.newContext({ offline: true })
  chromium.problems.push(...problemsOf(away))
  away.on('request', (request) => asked.push(request.url()))
  const offline = await away.newPage()
  await offline.goto(`${pathToFileURL(saved).href}#t=${cut(second.seconds)}`)
  await offline.locator(`.player[data-shown="${Math.round(cut(second.seconds) * 1000)}"]`).waitFor()
  expect(await differingPixels(offline, second.png)).toBe(0)
  await offline.getByText(/^Moments/).click()
  // Two lines that were typed: who drove, and how much.
  await offline.getByRole('button', { name: /Somebody drove: \d\d+ keys, \d clicks?/ }).waitFor()
  expect(asked.filter((url) => !/^(file|data|blob):/.test(url))).toEqual([])
  await away.close()
  expect(chromium.problems).toEqual([])
})

test('a person plays a recording, faster and by keyboard, and jumps to what happened', async () => {
  const id = await stillJob()
  await seenWhenStill(id)
  await server.vitrine.jobs.stop(id)
  await server.reach(id, ({ desktop }) => desktop.state === 'closed')
  const page = await open(`/jobs/${id}`)
  const player = page.locator('.player')
  await page.locator('.player[data-shown]').waitFor()
  const range = page.getByRole('slider', { name: 'Moment of the recording' })
  await page.getByLabel('Speed').selectOption('16')
  await page.getByRole('button', { name: 'Play' }).click()
  await page.locator('.player[data-playing=false]').waitFor()
  const { seconds } = await recordingOf(id)
  expect(Number(await player.getAttribute('data-shown')) / 1000).toBeCloseTo(seconds, 1)

  await page.locator('.player-glass').focus()
  await page.keyboard.press('Home')
  await page.locator('.player[data-shown="0"]').waitFor()
  await range.focus()
  await page.keyboard.press('ArrowRight')
  await page.locator('.player[data-shown="100"]').waitFor()
  expect(await range.getAttribute('aria-valuetext')).toMatch(/^0:00 of \d:\d\d$/)

  await page.getByText(/^Moments/).click()
  await page.getByRole('button', { name: 'Verdict: Ran without an error' }).click()
  // Where it was before; a busy machine records from just before the verdict on.
  await expect.poll(() => player.getAttribute('data-shown')).not.toBe('100')
  await page.getByRole('link', { name: 'Link to this moment' }).click()
  expect(new URL(page.url()).hash).toMatch(/^#t=[\d.]+&run=1$/)
  expect(chromium.problems).toEqual([])
})

test('a link to a moment shows a stranger that recording from there, without the desktop, until it is revoked', async () => {
  const id = await stillJob()
  const { png, seconds } = await seenWhenStill(id)
  await server.vitrine.jobs.stop(id)
  await server.reach(id, ({ desktop }) => desktop.state === 'closed')
  const page = await open(`/jobs/${id}#t=${cut(seconds)}`)
  const wanted = Math.round(cut(seconds) * 1000)
  await page.locator(`.player[data-shown="${wanted}"]`).waitFor()
  await page.getByRole('button', { name: 'Share this moment …' }).click()
  const dialog = page.getByRole('dialog', { name: 'Share this recording' })
  await dialog.getByRole('button', { name: 'Make a link' }).click()
  const link = await dialog.getByLabel('The new link').inputValue()
  await dialog.getByText(/^Link to \d:\d\d of run 1’s recording, ends in /).waitFor()
  expect(await axeFindings(page)).toEqual([])

  const stranger = await chromium.browser.newContext({ viewport: { width: 1366, height: 900 } })
  chromium.problems.push(...problemsOf(stranger))
  const asked = new Set<string>()
  stranger.on('request', (request) =>
    asked.add(new URL(request.url()).pathname.replace(/^.*\/assets\/.*/, 'asset')),
  )
  const shown = await stranger.newPage()
  await shown.goto(link)
  await shown.locator(`.player[data-shown="${wanted}"]`).waitFor()
  expect(await differingPixels(shown, png)).toBe(0)
  await shown.locator('.player-glass').focus()
  await shown.keyboard.press('Home')
  await shown.locator('.player[data-shown="0"]').waitFor()
  expect(await axeFindings(shown)).toEqual([])
  const path = new URL(link).pathname
  expect([...asked].toSorted()).toEqual(
    [path, `${path}recording`, `${path}recording/records`, 'asset'].toSorted(),
  )

  await dialog.getByRole('button', { name: 'Revoke' }).click()
  await dialog.getByText('The link was revoked').waitFor()
  await shown.getByRole('heading', { name: 'This share link is not good' }).waitFor()
  await stranger.close()
  // What the stranger’s page asked last has found nothing.
  expect(chromium.problems.filter((problem) => !/404/.test(problem))).toEqual([])
})

test('what a terminal printed stands beside the picture of its moment, as text, in a saved page too', async () => {
  const id = await stillJob()
  const page = await open(`/jobs/${id}?view=terminal`)
  await page.locator('.terminal[data-state=live]').waitFor()
  const evil = '\\e[31mred\\e]0;owned\\a <img src=x onerror=document.title=1>\u202e'
  await server.vitrine.jobs.files.write(id, 'evil.sh', `printf '${evil}\\n'`)
  await page.locator('.terminal-glass').click()
  await page.keyboard.type('bash evil.sh\n')
  for await (const { type, data } of server.vitrine.jobs.events(id)) {
    if (type === 'terminal.output' && data.text.includes('red <img')) break
  }
  // The recording goes on beyond what was printed.
  await seenWhenStill(id)
  await server.vitrine.jobs.stop(id)
  await server.reach(id, ({ desktop }) => desktop.state === 'closed')
  await expect.poll(async () => (await recordingOf(id)).live, soon).toBe(false)
  const saved = join(server.stateDir, 'replay.html')
  await writeFile(saved, await (await server.vitrine.jobs.recordings.page(id, 1)).bytes())
  const { seconds } = await recordingOf(id)

  for (const url of [`${server.url}jobs/${id}`, pathToFileURL(saved).href]) {
    const player = await chromium.context.newPage()
    await player.goto(`${url}#t=${cut(seconds)}`)
    await player.locator('.player[data-shown]').waitFor()
    await player.locator('summary').getByText('Terminal').click()
    const text = player.getByRole('region', { name: 'What terminals had printed by this moment' })
    await expect
      .poll(() => text.innerText(), soon)
      .toContain('red <img src=x onerror=document.title=1>‹U+202E›')
    expect(await text.locator('img').count()).toBe(0)
    expect(await axeFindings(player)).toEqual([])
    await player.locator('.player-glass').focus()
    await player.keyboard.press('Home')
    await expect.poll(() => text.innerText(), soon).not.toContain('red')
    await player.close()
  }
  expect(chromium.problems).toEqual([])
})

test('a recording that a crash cut off plays up to its end, and goes on after it', async () => {
  const id = await stillJob()
  await seenWhenStill(id)
  await server.kill()
  const path = join(server.stateDir, 'recordings', id, '1')
  await truncate(path, (await stat(path)).size - 5)
  await server.start()
  await expect.poll(async () => (await recordingOf(id)).segments.length, { timeout: 20_000 }).toBe(2)

  const page = await open(`/jobs/${id}`)
  await page.getByRole('button', { name: 'Replay' }).click()
  await page.locator('.player[data-shown]').waitFor()
  const { segments } = await recordingOf(id)
  await seek(page, cut(segments[0]!.to))
  expect(await page.locator('.player canvas').evaluate((canvas) => (canvas as HTMLCanvasElement).width)).toBe(
    1280,
  )
  const after = await seenWhenStill(id)
  expect(after.seconds).toBeGreaterThan(segments[1]!.from)
  await seek(page, cut(after.seconds))
  expect(await differingPixels(page, after.png)).toBe(0)
  expect(chromium.problems.filter((problem) => !/ERR_|websocket/i.test(problem))).toEqual([])
})

test('a recording is a video where the server has ffmpeg, else the answer says what to install; a deleted job leaves none', async () => {
  const id = await stillJob()
  await seenWhenStill(id)
  const video = server.vitrine.jobs.recordings.video(id, 1)
  const hasFfmpeg = process.env['PATH']!.split(':').some((folder) => existsSync(join(folder, 'ffmpeg')))
  if (hasFfmpeg) {
    const bytes = Buffer.from(await (await video).arrayBuffer())
    expect(bytes.subarray(0, 4).toString('hex')).toBe('1a45dfa3') // EBML
    expect(bytes.length).toBeGreaterThan(10_000)
  } else await expect(video).rejects.toMatchObject({ code: 'unavailable', message: /install ffmpeg/ })
  await expect(server.vitrine.jobs.recordings.page(id, 2)).rejects.toMatchObject({ code: 'not_found' })

  await server.vitrine.jobs.delete(id)
  const left = () => readdir(join(server.stateDir, 'recordings'))
  await expect.poll(left, { timeout: 20_000 }).not.toContain(id)
})
