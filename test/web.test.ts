import { join, resolve } from 'node:path'
import { Vitrine } from '@vitrine/sdk/vitrine.ts'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { fakeRuntime, type FakeRuntime } from '../packages/server/src/runtimes/fake.ts'
import { seedJobs } from '../packages/server/src/testing/seed-jobs.ts'
import { startServer, type TestServer } from '../packages/server/src/testing/start-server.ts'
import { axeFindings } from './testbed/axe.ts'
import { launchBrowser, problemsOf } from './testbed/browser.ts'
import { startScriptedOllama, type ScriptedOllama } from './testbed/scripted-ollama.ts'

const webDir = join(resolve(import.meta.dirname, '..'), 'dist/web')

let ollama: ScriptedOllama
let runtime: FakeRuntime
let server: TestServer
let vitrine: Vitrine
let browser: Browser
/** Where pages may ask. */
const origins = new Set<string>()
let context: BrowserContext
let problems: string[]

beforeAll(async () => {
  ollama = await startScriptedOllama({
    models: [
      { name: 'qwen3:0.6b', capabilities: ['completion', 'thinking'], loaded: true, gpuShare: 0.25 },
      { name: 'llama3.2:1b', capabilities: ['completion'], contextLength: 131_072 },
    ],
    pull: (model) =>
      model === 'absent:1b'
        ? [{ status: 'pulling manifest' }, { error: 'pull model manifest: file does not exist' }]
        : [{ status: 'pulling manifest' }, { status: 'pulling 7f4', total: 2048, completed: 512 }, 'stall'],
  })
  runtime = fakeRuntime()
  server = await startServer({
    runtime,
    environment: { VITRINE_MODEL_SERVERS: ollama.url, VITRINE_WEB_DIR: webDir },
  })
  vitrine = new Vitrine({ url: server.url, token: server.token })
  origins.add(new URL(server.url).origin)
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser.close()
  await server[Symbol.asyncDispose]()
  await runtime[Symbol.asyncDispose]()
  await ollama[Symbol.asyncDispose]()
})
beforeEach(async () => {
  context = await browser.newContext({ viewport: { width: 1366, height: 900 } })
  problems = problemsOf(context)
  context.on('request', (request) => {
    const { origin } = new URL(request.url())
    if (origin !== 'null' && !origins.has(origin)) problems.push(`asks ${request.url()}`)
  })
})
afterEach(async () => {
  await context.close()
  await vitrine.jobs.deleteAll()
})

/** A page of a browser that is signed in. */
const signIn = async (next = '/', at = vitrine): Promise<Page> => {
  const page = await context.newPage()
  await page.goto(await at.signInLink({ next }))
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
  expect(problems).toEqual([])
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
  expect(problems).toEqual([])
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
  expect(problems).toEqual([])
})

test('axe finds nothing in the dialogs of a job’s page: clipboard, share links, repeating', async () => {
  const page = await signIn(`/jobs/${await finished()}`)
  await page.locator('.case[data-state=live]').waitFor()
  for (const [button, dialog] of [
    ['Clipboard …', 'Clipboard'],
    ['Share …', 'Share this desktop'],
    ['Repeat …', 'Repeat the last run'],
  ] as const) {
    await page.getByRole('button', { name: button }).click()
    const opened = page.getByRole('dialog', { name: dialog })
    await opened.waitFor()
    if (dialog === 'Share this desktop') {
      await opened.getByRole('button', { name: 'Make a link' }).click()
      await opened.getByRole('button', { name: 'Revoke' }).waitFor()
    }
    expect(await axeFindings(page), dialog).toEqual([])
    await opened.getByRole('button', { name: 'Close' }).click()
  }
  expect(problems).toEqual([])
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
  expect(problems).toEqual([])
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
  expect(problems).toEqual([])
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
  expect(problems).toEqual([])
  await page.close()
})

test('a new job has its check, limits and labels; what is wrong stands at its field', async () => {
  const page = await signIn('/new')
  await page.getByRole('button', { name: 'Start the job' }).click()
  const task = page.getByLabel('What should it build?')
  await expect.poll(() => task.getAttribute('aria-invalid')).toBe('true')
  expect(await page.locator('#task-problem').innerText()).toContain('must not be empty')
  await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('task')

  await page.getByRole('button', { name: 'Squares' }).click()
  expect(await page.getByLabel('Expected output').inputValue()).toContain('81')
  await page.getByText('Limits', { exact: true }).click()
  await page.getByLabel('Work time').fill('0')
  await page.getByRole('button', { name: 'Start the job' }).click()
  await page.locator('#limits-seconds-problem').waitFor()
  expect(await axeFindings(page)).toEqual([])

  await page.getByLabel('Work time').fill('90')
  await page.getByRole('radio', { name: 'A test file' }).check()
  const tests = 'import program\n\ndef test_it():\n    assert program\n'
  await page
    .getByLabel('Test file for pytest')
    .setInputFiles({ name: 'tests.py', mimeType: 'text/x-python', buffer: Buffer.from(tests) })
  await expect.poll(() => page.getByLabel('Tests', { exact: true }).inputValue()).toBe(tests)
  await page.getByText('Name and labels').click()
  await page.getByLabel('Name (optional)').fill('Squared')
  await page.getByLabel('Labels (optional)').fill('team=red, purpose=demo')
  await page.getByLabel('Model', { exact: true }).selectOption('llama3.2:1b')
  await task.press('Control+Enter')
  await page.waitForURL(/\/jobs\/job-[0-9a-z]{12}$/)
  const job = await vitrine.jobs.get(new URL(page.url()).pathname.split('/').at(-1)!)
  expect(job).toMatchObject({
    name: 'Squared',
    model: 'llama3.2:1b',
    check: { tests },
    limits: { seconds: 90 },
    labels: { team: 'red', purpose: 'demo' },
  })
  expect(problems.filter((problem) => !/status of 400/.test(problem))).toEqual([])
})

test('a test file can be dropped, and a command is split into its words', async () => {
  const page = await signIn('/new?task=Print+1.&model=llama3.2:1b')
  await page.getByRole('radio', { name: 'A test file' }).check()
  const data = await page.evaluateHandle(() => {
    const dropped = new DataTransfer()
    dropped.items.add(new File(['def test(): pass'], 'tests.py'))
    return dropped
  })
  await page.locator('.drop').dispatchEvent('drop', { dataTransfer: data })
  await expect.poll(() => page.getByLabel('Tests', { exact: true }).inputValue()).toBe('def test(): pass')
  await page.getByRole('radio', { name: 'A command' }).check()
  await page.getByLabel('Command', { exact: true }).fill(`sh -c 'test -e "$0"' {program}`)
  await page.getByRole('button', { name: 'Start the job' }).click()
  await page.waitForURL(/\/jobs\/job-[0-9a-z]{12}$/)
  expect(await vitrine.jobs.get(new URL(page.url()).pathname.split('/').at(-1)!)).toMatchObject({
    model: 'llama3.2:1b',
    check: { command: ['sh', '-c', 'test -e "$0"', '{program}'] },
  })
  expect(problems).toEqual([])
})

test('models are listed with where they run; one is downloaded with its progress, stopped, or refused', async () => {
  const page = await signIn('/models')
  const first = page.locator('.models > li').first()
  await first.getByText('default').waitFor()
  expect(await first.innerText()).toMatch(/qwen3:0\.6b[^]*25 % on the GPU, 75 % on the CPU[^]*thinking/)
  expect(await page.locator('.models > li').nth(1).innerText()).toContain('131072 tokens')

  const name = page.getByLabel('Name, as the model hub has it')
  await name.fill('absent:1b')
  await page.getByRole('button', { name: 'Download' }).click()
  await page.locator('#pull-problem').getByText('absent:1b').waitFor()
  await name.fill('qwen3:1.7b')
  await page.getByRole('button', { name: 'Download' }).click()
  await page.getByText('512 B of 2.0 KiB').waitFor()
  expect(await page.locator('progress').getAttribute('value')).toBe('512')
  expect(await axeFindings(page)).toEqual([])
  await page.getByRole('button', { name: 'Stop' }).click()
  await page.getByText('goes on where it was').waitFor()
  await page.getByRole('link', { name: 'New job with llama3.2:1b' }).click()
  await expect.poll(() => page.getByLabel('Model', { exact: true }).inputValue()).toBe('llama3.2:1b')
  expect(problems).toEqual([])
})

test('a token is made, seen once, used and revoked', async () => {
  const page = await signIn('/settings')
  await page.getByRole('button', { name: 'Make a token' }).click()
  await page.locator('#token-problem').getByText('1 to 100 characters').waitFor()
  await page.getByLabel('What is it for?').fill('<b>reports</b>')
  await page.getByLabel('Good').selectOption('for a day')
  await page.getByRole('button', { name: 'Make a token' }).click()
  const shownOnce = page.getByLabel('copy it now')
  await shownOnce.waitFor()
  expect(await axeFindings(page)).toEqual([])
  const program = new Vitrine({ url: server.url, token: await shownOnce.inputValue() })
  expect((await program.health()).version).toMatch(/\d/)
  await page.reload()
  const row = page.locator('.tokens li')
  await row.getByText('<b>reports</b>').first().waitFor()
  await row.getByText('good for 23 h 59 min').waitFor()
  expect(await page.content()).not.toContain('vt_')
  await row.getByRole('button', { name: 'Revoke' }).click()
  await page.getByText('There are none yet.').waitFor()
  await expect(program.health()).rejects.toMatchObject({ code: 'unauthorized' })
  expect(await page.locator('.rows').first().innerText()).toContain('VITRINE_CONCURRENCY')
  expect(problems.filter((problem) => !/status of 400/.test(problem))).toEqual([])
})

test('the doctor tells what is not well and what to do, and the wall leads to it', async () => {
  const page = await signIn('/doctor')
  await page.locator('.doctor-sum[data-tone=good]').waitFor()
  runtime.freeze()
  try {
    await page.getByRole('button', { name: 'Look again' }).click()
    await page.locator('.findings li[data-ok=false]').getByText('Start the Docker Engine').waitFor()
    await page.goto(server.url)
    await page.getByText('The fake engine does not answer.').waitFor()
    await page.getByRole('link', { name: 'What to do' }).click()
    await page.waitForURL(`${server.url}doctor`)
    await page.locator('.doctor-sum').getByText('Not well: container engine').waitFor()
    expect(await axeFindings(page)).toEqual([])
  } finally {
    runtime.thaw()
  }
  await page.locator('.doctor-sum[data-tone=good]').waitFor()
  expect(problems).toEqual([])
})
