import { join, resolve } from 'node:path'
import { Vitrine } from '@vitrine/sdk/vitrine.ts'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { startServer, type TestServer } from '../packages/server/src/testing/start-server.ts'
import { axeFindings } from './testbed/axe.ts'
import { launchBrowser, problemsOf } from './testbed/browser.ts'
import { startStories, type Stories } from './testbed/stories.ts'

const webDir = join(resolve(import.meta.dirname, '..'), 'dist/web')

let stories: Stories
let server: TestServer
let vitrine: Vitrine
let browser: Browser
let context: BrowserContext
let problems: string[]

beforeAll(async () => {
  stories = await startStories()
  server = await startServer({
    environment: { VITRINE_MODEL_SERVERS: stories.url, VITRINE_WEB_DIR: webDir },
  })
  vitrine = new Vitrine({ url: server.url, token: server.token })
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser.close()
  await server[Symbol.asyncDispose]()
  await stories[Symbol.asyncDispose]()
})
beforeEach(async () => {
  context = await browser.newContext({ viewport: { width: 1366, height: 900 } })
  problems = problemsOf(context)
})
afterEach(async () => {
  await context.close()
  await vitrine.jobs.deleteAll()
})

/** A page of a browser that is signed in. */
const signIn = async (next = '/'): Promise<Page> => {
  const page = await context.newPage()
  await page.goto(await vitrine.signInLink({ next }))
  await page.waitForURL((url) => url.pathname + url.search === next)
  return page
}
const finished = async (task = 'Show something.') => {
  const { id } = await vitrine.jobs.create({ task })
  await server.reach(id, 'succeeded')
  return id
}

/** What each page shows once it is whole; `<job>` and `<share>` stand for a finished job and a link to its desktop. */
const shown: Record<string, string> = {
  '/': '.card img',
  '/new?task=Print+1.': '.limits',
  '/models': '.models .badge',
  '/settings': '.rows',
  '/doctor': '.findings',
  '/jobs/<job>': '.story .verdict',
  '/jobs/<job>/vnc.html': 'body[data-state=live]',
  '/jobs/job-000000000000': 'h1:text("There is no such job")',
  '/api': 'main section',
  '/s/<share>/': 'body[data-state=live]',
  '/s/wrong/': 'h1:text("not good")',
}
test.each(Object.entries(shown))(
  'axe finds nothing at %s, light and dark, wide and narrow',
  async (path, sign) => {
    const id = await finished()
    const { url } = await vitrine.jobs.shares.create(id)
    const page = await signIn()
    const share = new URL(url).pathname.split('/').at(-2)!
    await page.goto(new URL(path.replace('<job>', id).replace('<share>', share), server.url).href)
    await page.locator(sign).first().waitFor({ state: 'attached' })
    for (const closed of (await page.locator('summary').all()).slice(0, 4)) await closed.click()
    expect(await axeFindings(page)).toEqual([])
    // What the server says of a page that is not there is no fault of the page.
    expect(problems.filter((problem) => !/status of 404/.test(problem))).toEqual([])
  },
)

test('axe finds nothing where there are no jobs yet, and where nobody is signed in', async () => {
  const page = await signIn()
  await page.getByRole('heading', { name: 'Nothing yet' }).waitFor()
  expect(await axeFindings(page)).toEqual([])
  await context.clearCookies()
  await page.goto(server.url)
  await page.getByRole('heading', { name: 'not signed in' }).waitFor()
  expect(await axeFindings(page)).toEqual([])
})

test('the pages lead to each other without being loaded anew, by keyboard too, and back', async () => {
  const page = await signIn()
  await page.evaluate(() => Object.assign(globalThis, { same: true }))
  await page.getByRole('link', { name: 'New job' }).focus()
  await page.keyboard.press('Enter')
  await page.waitForURL(`${server.url}new`)
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('New job')
  await page.goBack()
  await page.getByRole('heading', { name: 'Jobs', exact: true }).waitFor()
  expect(await page.evaluate(() => 'same' in globalThis)).toBe(true)
  expect(problems).toEqual([])
})
