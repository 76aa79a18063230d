import { join } from 'node:path'
import { Vitrine } from '@vitrine/sdk/vitrine.ts'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { fakeRuntime } from '../packages/server/src/runtimes/fake.ts'
import { seedJobs } from '../packages/server/src/testing/seed-jobs.ts'
import { startServer } from '../packages/server/src/testing/start-server.ts'
import { axeFindings } from './testbed/axe.ts'
import { sharedWeb, webDir } from './testbed/shared-web.ts'

const { ollama, server, vitrine, origins, chromium, signIn, finished } = await sharedWeb()

const card = (page: Page, text: string) => page.locator('.card').filter({ hasText: text })

test('the wall shows each job as it is made, goes on and is deleted, by one connection', async () => {
  const page = await signIn()
  await page.getByRole('heading', { name: 'Nothing yet' }).waitFor()
  const lists: string[] = []
  page.on('request', (request) => {
    if (new URL(request.url()).pathname.endsWith('/api/v1/jobs')) lists.push(request.url())
  })
  const id = await finished('Draw a lighthouse.')
  await card(page, 'Draw a lighthouse.').locator('.state[data-state=succeeded]').waitFor()
  await card(page, 'Draw a lighthouse.').locator('img').waitFor()
  await card(page, 'min left').waitFor()
  await vitrine.jobs.delete(id)
  await page.getByRole('heading', { name: 'Nothing yet' }).waitFor()
  expect(lists).toEqual([])
  expect(chromium.problems).toEqual([])
})

test('a running job’s card and page tell how much of its time is left, second by second', async () => {
  await using slow = fakeRuntime({
    script: ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
  })
  await using other = await startServer({ runtime: slow, environment: { VITRINE_WEB_DIR: webDir } })
  origins.add(new URL(other.url).origin)
  const owner = new Vitrine({ url: other.url, token: other.token })
  const { id } = await owner.jobs.create({ task: 'Take your time.', limits: { seconds: 50 } })
  const page = await signIn('/', owner)
  const left = async () =>
    Number(/(\d+) s left to work/.exec(await card(page, 'Take your time.').innerText())?.[1])
  await expect.poll(left, { timeout: 20_000 }).toBeLessThan(50)
  const first = await left()
  await expect.poll(left, { timeout: 20_000 }).toBeLessThan(first)
  await page.getByRole('link', { name: 'Take your time.' }).click()
  await page
    .locator('.job-head')
    .getByText(/^\d+ s left to work$/)
    .waitFor()
  await owner.jobs.cancel(id)
  await page.locator('.job-head').getByText('left to work').waitFor({ state: 'detached' })
  expect(chromium.problems).toEqual([])
})

test('hostile names, labels and models’ names are shown as text on the wall and where jobs are made', async () => {
  const name = '<img src=x onerror=document.title=1>'
  const labels = { team: '"><svg onload=document.title=2>' }
  await vitrine.jobs.create({ task: '<script>document.title=3</script>', name, labels })
  await vitrine.jobs.create({ task: '[a](javascript:alert(1)) <iframe src=javascript:alert(2)>' })
  const page = await signIn()
  await card(page, name).getByText('team="><svg onload=document.title=2>').click()
  await page.getByRole('button', { name: 'Remove the label team="><svg' }).waitFor()
  await expect.poll(() => page.locator('.card').count()).toBe(1)
  const task = '</textarea><img src=x onerror=document.title=4>'
  await page.goto(`${server.url}new?${new URLSearchParams({ task }).toString()}`)
  expect(await page.getByLabel('What should it build?').inputValue()).toBe(task)
  expect(await page.locator('main :is(img, script, iframe)').count()).toBe(0)
  expect(await page.title()).toMatch(/Vitrine$/)
  expect(chromium.problems).toEqual([])
})

test('the wall is filtered by state, words and labels, each of which its address keeps', async () => {
  await vitrine.jobs.create({ task: 'Draw a red circle.', labels: { team: 'red' } })
  await vitrine.jobs.create({ task: 'Draw a blue circle.', labels: { team: 'blue' } })
  await vitrine.jobs.create({ task: 'Print a word.', name: 'CIRCLES', labels: { team: 'blue' } })
  const page = await signIn()
  const titles = () => page.locator('.card h2').allInnerTexts()
  await expect.poll(titles).toHaveLength(3)

  await page.getByRole('searchbox').fill('circle draw')
  await expect.poll(titles).toEqual(['Draw a blue circle.', 'Draw a red circle.'])
  await page.getByRole('textbox', { name: 'Label' }).fill('team')
  await page.keyboard.press('Enter')
  await page.getByText('Write a label as key=value.').waitFor()
  await page.getByRole('textbox', { name: 'Label' }).fill('team=red')
  await page.keyboard.press('Enter')
  await expect.poll(titles).toEqual(['Draw a red circle.'])
  await page.reload()
  await expect.poll(titles).toEqual(['Draw a red circle.'])
  expect(await page.getByRole('searchbox').inputValue()).toBe('circle draw')

  await page.getByRole('button', { name: 'Failed' }).click()
  await page.getByText('No job matches.').waitFor()
  expect(await titles()).toEqual([])
  await page.goBack()
  await expect.poll(titles).toEqual(['Draw a red circle.'])
  await page.getByRole('button', { name: 'Remove the label team=red' }).click()
  await expect.poll(titles).toHaveLength(2)
  await page.goto(server.url)
  await card(page, 'Draw a blue circle.').getByRole('link', { name: 'team=blue' }).click()
  await expect.poll(titles).toEqual(['CIRCLES', 'Draw a blue circle.'])
  expect(chromium.problems).toEqual([])
})

test('thumbnails are fetched again and again while they are in view, and never else', async () => {
  const ids: string[] = []
  for (let i = 0; i < 28; i++) ids.push((await vitrine.jobs.create({ task: `Number ${i}.` })).id)
  for (const id of ids) await server.reach(id, 'succeeded')
  const page = await signIn()
  await expect.poll(() => page.locator('.card').count()).toBe(28)
  const asked = new Map<string, number>()
  page.on('request', (request) => {
    const id = /\/jobs\/(job-\w+)\/screenshot\.png$/.exec(request.url())?.[1]
    if (id) asked.set(id, (asked.get(id) ?? 0) + 1)
  })
  const fresh = async (index: number) => {
    const before = asked.get(ids[index]!) ?? 0
    await expect.poll(() => (asked.get(ids[index]!) ?? 0) - before, { timeout: 20_000 }).toBeGreaterThan(1)
  }
  // The newest is first; the oldest is far below what is in view.
  await fresh(27)
  expect(asked.get(ids[0]!)).toBeUndefined()
  await page.locator('.card').last().scrollIntoViewIfNeeded()
  await fresh(0)
  const gone = asked.get(ids[27]!)
  await fresh(0)
  expect(asked.get(ids[27]!)).toBe(gone)

  await page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { get: () => 'hidden', configurable: true })
    document.dispatchEvent(new Event('visibilitychange'))
  })
  const settled = new Map<string, number>()
  await expect
    .poll(
      () => {
        const isStill = [...asked].every(([id, times]) => settled.get(id) === times)
        for (const [id, times] of asked) settled.set(id, times)
        return isStill
      },
      { interval: 3000, timeout: 30_000 },
    )
    .toBe(true)
  expect(chromium.problems).toEqual([])
})

test('10,000 jobs are loaded as they are scrolled to, found at once, and few of them are in the page', async () => {
  await using crowded = await startServer({
    environment: { VITRINE_MODEL_SERVERS: ollama.url, VITRINE_WEB_DIR: webDir },
  })
  origins.add(new URL(crowded.url).origin)
  await seedJobs(join(crowded.stateDir, 'vitrine.db'), 10_000)
  const page = await signIn('/', new Vitrine({ url: crowded.url, token: crowded.token }))
  await page.locator('.card').nth(59).waitFor()
  expect(await page.locator('.card').count()).toBe(60)
  const loaded = () => page.evaluate(() => document.querySelectorAll('.racks > div').length)
  for (let racks = 1; racks < 12; racks++) {
    await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight))
    await expect.poll(loaded, { timeout: 20_000 }).toBeGreaterThan(racks)
  }
  await expect.poll(() => page.locator('.card').count()).toBeLessThan(400)
  expect(await axeFindings(page)).toEqual([])

  await page.getByRole('searchbox').fill('maze 4102')
  await expect
    .poll(() => page.locator('.card h2').allInnerTexts())
    .toEqual([expect.stringContaining('number 4102') as string])
  await page.goto(`${crowded.url}?label=rare%3Dyes&state=failed`)
  await page.locator('.card').first().waitFor()
  expect(chromium.problems).toEqual([])
  await page.close()
})
