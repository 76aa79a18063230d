import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { clickDesktop, coloursOf, launchBrowser, problemsOf } from './testbed/browser.ts'
import { docker } from './testbed/containers.ts'
import { startServerProcess, type ServerProcess } from './testbed/server-process.ts'
import { program, startStories, type Stories } from './testbed/stories.ts'

const live = '.case[data-state=live], body[data-state=live]'
/** Where the terminal stands on the desktop, by deploy/desktop/openbox.xml. */
const terminal = { x: 200, y: 700 }

let stories: Stories
let server: ServerProcess
let browser: Browser
const contexts: BrowserContext[] = []
let problems: string[][]

beforeAll(async () => {
  stories = await startStories(program('print("shown")'))
  server = await startServerProcess({ VITRINE_MODEL_SERVERS: stories.url, VITRINE_CONTROL_IDLE: '60' })
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser.close()
  await server[Symbol.asyncDispose]()
  await stories[Symbol.asyncDispose]()
})
beforeEach(() => {
  problems = []
})
afterEach(async ({ task }) => {
  for (const context of contexts.splice(0)) await context.close()
  if (task.result?.state === 'fail') console.error(server.warnings())
  await server.vitrine.jobs.deleteAll()
})

/** A page of another browser that nobody has signed in. */
async function stranger(): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1366, height: 900 } })
  contexts.push(context)
  problems.push(problemsOf(context))
  return context.newPage()
}

async function signedIn(next: string): Promise<Page> {
  const page = await stranger()
  await page.goto(await server.vitrine.signInLink({ next }))
  await page.locator(live).waitFor()
  return page
}

async function finished(): Promise<string> {
  const { id } = await server.vitrine.jobs.create({ task: 'Show something.' })
  await server.reach(id, 'succeeded')
  // The terminal comes last; until then the windows that open take the keyboard from each other.
  for await (const { type, data } of server.vitrine.jobs.events(id)) {
    if (type === 'desktop.window' && data.program === 'xterm') break
  }
  return id
}

const says = (page: Page, words: string) =>
  page.getByRole('group', { name: 'Control' }).getByText(words).waitFor()
const press = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).click()
const names = async (id: string) => (await server.vitrine.jobs.files.list(id)).files.map(({ path }) => path)

async function type(page: Page, text: string): Promise<void> {
  await clickDesktop(page, terminal.x, terminal.y)
  await page.keyboard.type(text)
}

/** Types once the terminal has the keyboard, and waits for what comes of it. */
async function typeAndSee(page: Page, id: string, name: string): Promise<void> {
  await clickDesktop(page, terminal.x, terminal.y)
  const sandbox = (await server.sandboxOf(id))!
  const active = `xprop -id "$(xprop -root -notype _NET_ACTIVE_WINDOW | grep -o '0x[0-9a-f]*')" WM_NAME`
  const inside = () => docker('exec', '--env', 'DISPLAY=:1', sandbox.id, 'sh', '-c', active)
  await expect.poll(inside, { timeout: 10_000 }).toContain('"Terminal"')
  await page.keyboard.type(`touch /output/${name}\n`)
  await expect.poll(() => names(id), { timeout: 10_000 }).toContain(name)
}

test('a second browser without control types and nothing happens; handed over, it drives', async () => {
  const id = await finished()
  const first = await signedIn(`/jobs/${id}`)
  const second = await signedIn(`/jobs/${id}/vnc.html`)
  await says(first, 'Nobody drives')
  await typeAndSee(first, id, 'one')
  await says(first, 'You drive')
  await says(second, 'Someone else drives')

  await type(second, 'touch /output/stolen\n')
  // What the second one typed would stand in the middle of this.
  await typeAndSee(first, id, 'two')
  expect(await names(id)).toEqual(expect.not.arrayContaining(['stolen']))

  await press(second, 'Ask to drive')
  await says(second, 'You asked to drive')
  await press(first, /Let viewer \d drive, who asks/)
  await says(second, 'You drive')
  await says(first, 'Someone else drives')
  await typeAndSee(second, id, 'three')
  await type(first, 'touch /output/late\n')
  await typeAndSee(second, id, 'four')
  expect(await names(id)).toEqual(expect.not.arrayContaining(['late']))

  await press(first, 'Take over')
  await says(first, 'You drive')
  await press(first, 'Give back')
  await says(second, 'Nobody drives')
  await second.close()
  const viewers = async () => (await server.vitrine.jobs.control.read(id)).viewers
  await expect.poll(viewers).toMatchObject([{ viewOnly: true }])
  expect(problems.flat()).toEqual([])
})

test('a program types on the desktop, and is refused while a person drives', async () => {
  const id = await finished()
  const { control } = server.vitrine.jobs
  const program = 'a-program-that-types'
  const click = { mouse: { ...terminal, action: 'click' as const, button: 'left' as const } }
  await control.input(id, program, [click])
  await expect
    .poll(
      async () => {
        await control.input(id, program, [{ text: 'touch /output/typed\n' }])
        return names(id)
      },
      { timeout: 10_000 },
    )
    .toContain('typed')
  const page = await signedIn(`/jobs/${id}`)
  await says(page, 'Someone else drives')
  await press(page, 'Take over')
  await says(page, 'You drive')
  await expect(control.input(id, program, [{ text: 'x' }])).rejects.toMatchObject({ code: 'conflict' })
})

/** The classes of the windows on a job's desktop, the lowest first. */
async function windows(id: string): Promise<string[]> {
  const sandbox = (await server.sandboxOf(id))!
  const script = `for w in $(xprop -root -notype _NET_CLIENT_LIST_STACKING | grep -o '0x[0-9a-f]*'); do xprop -id $w -notype WM_CLASS; done`
  const listed = await docker('exec', '--env', 'DISPLAY=:1', sandbox.id, 'sh', '-c', script)
  return listed
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('"')[1]!)
}

test('while a person drives, the agent opens no window; it does when they let go, or the server comes back without them', async () => {
  const task = 'Show something while a person drives.'
  const ofTheStory = ['pcmanfm', 'vitrine-story', 'xclock']
  const driven = async () => {
    const answer = Promise.withResolvers<string>()
    stories.answer(task, answer.promise)
    const { id } = await server.vitrine.jobs.create({ task })
    await server.reach(id, 'running')
    await expect.poll(async () => (await windows(id)).toSorted(), { timeout: 20_000 }).toEqual(ofTheStory)
    const page = await signedIn(`/jobs/${id}`)
    await press(page, 'Drive')
    await says(page, 'You drive')
    answer.resolve(program('print("shown")'))
    await server.reach(id, 'succeeded')
    return { id, page }
  }
  const opened = (id: string) =>
    expect
      .poll(() => windows(id), { timeout: 20_000 })
      .toEqual(expect.arrayContaining(['gedit', 'vitrine-terminal']))

  const first = await driven()
  expect((await windows(first.id)).toSorted()).toEqual(ofTheStory)
  await press(first.page, 'Give back')
  await opened(first.id)

  const second = await driven()
  expect((await windows(second.id)).toSorted()).toEqual(ofTheStory)
  await second.page.close()
  await server.kill()
  await server.start()
  await opened(second.id)
})

test('share links let guests watch or drive one desktop, until they are revoked', async () => {
  const id = await finished()
  const owner = await signedIn(`/jobs/${id}`)
  const make = async (mode: 'view' | 'control') => {
    await owner.getByLabel('Guests come').selectOption(mode)
    await press(owner, 'Make a link')
    const link = owner.getByLabel('The new link')
    await link.waitFor()
    return link.inputValue()
  }
  await press(owner, 'Share …')
  const toWatch = await make('view')
  await owner.getByText('Link to watch').waitFor()
  const watcher = await stranger()
  await watcher.goto(toWatch)
  await watcher.locator(live).waitFor()
  await expect.poll(() => coloursOf(watcher), { timeout: 10_000 }).toBeGreaterThan(50)
  await says(watcher, 'View only')
  await type(watcher, 'touch /output/by-a-watcher\n')
  expect((await watcher.goto(`${server.url}jobs/${id}`))?.status()).toBe(401)
  await watcher.goto(toWatch)
  await watcher.locator(live).waitFor()

  const toDrive = await make('control').then(async (first) => {
    await owner.getByText('Link to drive').waitFor()
    return first === toWatch ? owner.getByLabel('The new link').inputValue() : first
  })
  const driver = await stranger()
  await driver.goto(toDrive)
  await driver.locator(live).waitFor()
  await typeAndSee(driver, id, 'by-a-guest')
  await says(driver, 'You drive')
  expect(await names(id)).toEqual(expect.not.arrayContaining(['by-a-watcher']))

  const revoke = async (kind: string) => {
    await owner
      .getByRole('listitem')
      .filter({ hasText: kind })
      .getByRole('button', { name: 'Revoke' })
      .click()
  }
  await revoke('Link to drive')
  await driver.getByRole('heading', { name: 'This share link is not good' }).waitFor()
  await watcher.locator(live).waitFor()
  await revoke('Link to watch')
  await watcher.bringToFront()
  await watcher.getByRole('heading', { name: 'This share link is not good' }).waitFor()
  expect((await server.vitrine.jobs.control.read(id)).holder).toBeNull()
  expect(problems[0]).toEqual([])
})

test('text goes between the clipboards of browser and desktop, when it is asked for', async () => {
  const id = await finished()
  const page = await signedIn(`/jobs/${id}`)
  const give = page.getByRole('button', { name: 'Give it to the desktop' })
  const text = page.getByLabel('Text for the desktop')
  await press(page, /^Clipboard/)
  await text.fill('x')
  expect(await give.isDisabled()).toBe(true)
  await press(page, 'Close')
  await clickDesktop(page, terminal.x, terminal.y)
  await says(page, 'You drive')

  await press(page, /^Clipboard/)
  await text.fill('é'.repeat(150_000))
  await give.click()
  await page.getByText('It is 293 KiB; at most 256 KiB are sent.').waitFor()
  await text.fill('touch /output/pasted-é')
  await give.click()
  await press(page, 'Close')
  await typeAndSee(page, id, 'before')
  await page.keyboard.press('Shift+Insert')
  // The text is fetched from the browser meanwhile; what comes too early is an empty line.
  const entered = async () => {
    await page.keyboard.press('Enter')
    return names(id)
  }
  await expect.poll(entered, { timeout: 20_000, interval: 500 }).toContain('pasted-é')

  const sandbox = (await server.sandboxOf(id))!
  const copy = `import tkinter; r = tkinter.Tk(); r.withdraw(); r.clipboard_append('copied there: ü'); r.mainloop()`
  await docker('exec', '--detach', '--env', 'DISPLAY=:1', sandbox.id, 'python3', '-c', copy)
  await press(page, 'Clipboard: new text …')
  expect(await page.getByLabel('Text from the desktop').inputValue()).toBe('copied there: ü')
  expect(problems.flat()).toEqual([])
})

test('who drives resizes the desktop to the window; who watches does not', async () => {
  const id = await finished()
  const sizes = ['--env', 'DISPLAY=:1', (await server.sandboxOf(id))!.id, 'xrandr', '--current']
  const size = async () => / current (\d+ x \d+),/.exec(await docker('exec', ...sizes))?.[1]
  const watcher = await signedIn(`/jobs/${id}/vnc.html?resize=remote`)
  await watcher.getByText('It is resized when you drive.').waitFor()
  expect(await size()).toBe('1280 x 800')
  const page = await signedIn(`/jobs/${id}`)
  await press(page, 'Drive')
  await page.getByLabel('Size of the desktop').selectOption('remote')
  const stage = await page
    .locator('.stage')
    .evaluate(({ clientWidth, clientHeight }) => [clientWidth, clientHeight])
  const isSizeOf = (wanted: number[]) => async () => {
    const found = (await size())!.split(' x ').map(Number)
    return found.every((length, index) => Math.abs(length - wanted[index]!) <= 1)
  }
  await expect.poll(isSizeOf(stage), { timeout: 10_000 }).toBe(true)
  expect(problems.flat()).toEqual([])
})

test('on a phone fingers move and zoom the desktop, and click nothing until its owner drives', async () => {
  const id = await finished()
  const context = await browser.newContext({
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
  })
  contexts.push(context)
  problems.push(problemsOf(context))
  const page = await context.newPage()
  await page.goto(await server.vitrine.signInLink({ next: `/jobs/${id}/vnc.html` }))
  await page.locator(live).waitFor()
  const stage = page.locator('.stage')
  const scrolled = () => stage.evaluate(({ scrollLeft }) => scrollLeft)
  const widths = () => stage.evaluate(({ scrollWidth, clientWidth }) => scrollWidth / clientWidth)
  expect(await widths()).toBe(1)

  const devtools = await context.newCDPSession(page)
  await devtools.send('Input.synthesizePinchGesture', {
    x: 195,
    y: 500,
    scaleFactor: 2.5,
    gestureSourceType: 'touch',
  })
  await expect.poll(widths, { timeout: 20_000 }).toBeGreaterThan(1.5)
  const before = await scrolled()
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', ...touchPoints: { x: number; y: number }[]) =>
    devtools.send('Input.dispatchTouchEvent', { type, touchPoints })
  await touch('touchStart', { x: 250, y: 500 })
  for (let x = 240; x >= 130; x -= 10) await touch('touchMove', { x, y: 500 })
  await touch('touchEnd')
  await expect.poll(scrolled, { timeout: 20_000 }).toBeGreaterThan(before + 50)
  await page.touchscreen.tap(195, 500)
  expect((await server.vitrine.jobs.control.read(id)).holder).toBeNull()

  await press(page, 'Drive')
  await says(page, 'You drive')
  await page.getByLabel('Size of the desktop').selectOption('1')
  // The desktop takes its time to have its new size, and the window manager to turn the keys to what was tapped.
  const taps = async () => {
    const canvas = (await page.locator('.stage canvas').boundingBox())!
    await page.touchscreen.tap(canvas.x + canvas.width * 0.2, canvas.y + canvas.height * 0.85)
    await page.keyboard.type('touch /output/by-finger\n')
    return names(id)
  }
  await expect.poll(taps, { timeout: 20_000, interval: 2000 }).toContain('by-finger')
  expect(problems.flat()).toEqual([])
})
