import { spawn } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import type { Download, Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { docker } from './testbed/containers.ts'
import { clickDesktop, coloursOf } from './testbed/browser.ts'
import { image } from './testbed/sandbox.ts'
import { sharedBrowser } from './testbed/shared-browser.ts'
import { sharedServer } from './testbed/shared-server.ts'
import { program } from './testbed/stories.ts'

const live = '.case[data-state=live]'
/** Where the terminal stands on the desktop, by deploy/desktop/openbox.xml. */
const terminal = { x: 200, y: 700 }
/** What Chromium and noVNC say of a server that is away. */
const outage =
  /ERR_(CONNECTION_REFUSED|CONNECTION_RESET|INCOMPLETE_CHUNKED_ENCODING|EMPTY_RESPONSE)|Failed when connecting/

const from = 20_000 + Math.floor(Math.random() * 10_000)
const ports = { VITRINE_DESKTOP_PORTS: `${from}-${from + 19}` }
const { stories, server } = await sharedServer(ports, program('print("shown")'))
const chromium = await sharedBrowser()

/** A page of the signed-in browser. */
const signIn = async (next = '/') => {
  const page = await chromium.context.newPage()
  await page.goto(await server.vitrine.signInLink({ next }))
  return page
}
const finished = async () => {
  const { id } = await server.vitrine.jobs.create({ task: 'Show something.' })
  await server.reach(id, 'succeeded')
  return id
}

test('a browser that is not signed in is told how to, and sees nothing else', async () => {
  const page = await chromium.context.newPage()
  const id = await finished()
  for (const path of ['', `jobs/${id}`, `jobs/${id}/vnc.html`, 'sign-in?code=wrong']) {
    const response = await page.goto(server.url + path)
    expect(response?.status(), path).toBe(401)
    await page.getByRole('heading', { name: 'not signed in' }).waitFor()
    expect(await page.content()).not.toContain('Show something')
  }
  expect(chromium.problems.filter((problem) => !problem.includes('401'))).toEqual([])
})

test('a person makes a job in the browser, watches it, types into its desktop and takes its files', async () => {
  const page = await signIn('/new')
  await page.getByLabel('What should it build?').fill('Print the word seen.')
  stories.answer('Print the word seen.', program('print("seen")'))
  await page.getByRole('button', { name: 'Start the job' }).click()
  await page.waitForURL(/\/jobs\/job-[0-9a-z]{12}$/)
  const id = new URL(page.url()).pathname.split('/').at(-1)!

  await page.locator(live).waitFor()
  await page.locator('.story .verdict').waitFor()
  const story = page.locator('.story')
  expect(await story.innerText()).toContain('print("seen")')
  await server.reach(id, 'succeeded')
  await expect.poll(() => coloursOf(page), { timeout: 10_000 }).toBeGreaterThan(50)

  await typeIntoTerminal(page, id, 'echo hello > /output/typed.txt\n')
  const typed = async () => (await server.vitrine.jobs.files.read(id, 'typed.txt')).text()
  await expect.poll(() => typed().catch(String), { timeout: 10_000 }).toBe('hello\n')

  await page.getByRole('navigation', { name: 'Views' }).getByText('Files').click()
  const downloading = page.waitForEvent('download')
  await page.getByRole('link', { name: '.zip', exact: true }).click()
  const files = await unzipped(await downloading)
  expect(files).toMatchObject({ 'print_the_word_seen.py': 'print("seen")\n', 'typed.txt': 'hello\n' })
  expect(chromium.problems).toEqual([])
})

test('a desktop is shown on pages of its own, at the server’s port and at its own', async () => {
  const id = await finished()
  const page = await signIn(`/jobs/${id}/vnc.html`)
  await page.locator('body[data-state=live]').waitFor()
  await expect.poll(() => coloursOf(page), { timeout: 10_000 }).toBeGreaterThan(50)

  const { desktop } = await server.vitrine.jobs.get(id)
  expect(desktop.url).toMatch(/^http:\/\/localhost:(\d+)\/vnc\.html\?host=localhost&port=\1$/)
  await page.goto(desktop.url!)
  await page.locator('body[data-state=live]').waitFor()
  await expect.poll(() => coloursOf(page), { timeout: 10_000 }).toBeGreaterThan(50)
  expect(chromium.problems).toEqual([])
})

test('a desktop comes back by itself after the server was killed and started again', async () => {
  const id = await finished()
  const page = await signIn(`/jobs/${id}`)
  await page.locator(live).waitFor()
  await expect.poll(() => coloursOf(page), { timeout: 10_000 }).toBeGreaterThan(50)
  const { desktop } = await server.vitrine.jobs.get(id)
  const own = await chromium.context.newPage()
  await own.goto(desktop.url!)
  await own.locator('body[data-state=live]').waitFor()

  await server.kill()
  await own.locator('body[data-state=reconnecting]').waitFor()
  await page.bringToFront()
  await page.locator('.case[data-state=reconnecting]').waitFor()
  // What was last seen stays.
  expect(await coloursOf(page, '.stage-layer[data-stale] canvas')).toBeGreaterThan(50)
  await server.start()
  await page.locator(live).waitFor()
  await own.bringToFront()
  await own.locator('body[data-state=live]').waitFor()
  await typeIntoTerminal(own, id, 'touch /output/back\n')
  const names = async () => (await server.vitrine.jobs.files.list(id)).files.map(({ path }) => path)
  await expect.poll(names, { timeout: 10_000 }).toContain('back')
  expect(chromium.problems.filter((problem) => !outage.test(problem))).toEqual([])
})

/** Clicks the terminal, and types once it has the keyboard. */
async function typeIntoTerminal(page: Page, id: string, text: string): Promise<void> {
  await clickDesktop(page, terminal.x, terminal.y)
  const sandbox = (await server.sandboxOf(id))!
  const active = `xprop -id "$(xprop -root -notype _NET_ACTIVE_WINDOW | grep -o '0x[0-9a-f]*')" WM_NAME`
  const inside = () => docker('exec', '--env', 'DISPLAY=:1', sandbox.id, 'sh', '-c', active)
  await expect.poll(inside, { timeout: 10_000 }).toContain('"Terminal"')
  await page.keyboard.type(text)
}

/** By Python's reader, which checks every checksum, in a sandbox without a network. */
async function unzipped(download: Download): Promise<Record<string, string>> {
  const code = `import io, json, sys, zipfile
archive = zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read()))
print(json.dumps({name: archive.read(name).decode() for name in archive.namelist()}))`
  const python = ['--network', 'none', '--entrypoint', 'python3', image, '-c', code]
  const child = spawn('docker', ['run', '--rm', '--interactive', ...python], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const [json] = await Promise.all([
    text(child.stdout),
    pipeline(createReadStream(await download.path()), child.stdin),
  ])
  return JSON.parse(json) as Record<string, string>
}
