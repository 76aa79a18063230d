import { Vitrine } from '@vitrine/sdk/vitrine.ts'
import { expect, test } from 'vitest'
import { axeFindings } from './testbed/axe.ts'
import { sharedWeb } from './testbed/shared-web.ts'

const { runtime, server, vitrine, chromium, signIn, finished } = await sharedWeb()

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
    expect(chromium.problems.filter((problem) => !/status of 404/.test(problem))).toEqual([])
  },
)

test('axe finds nothing where there are no jobs yet, and where nobody is signed in', async () => {
  const page = await signIn()
  await page.getByRole('heading', { name: 'Nothing yet' }).waitFor()
  expect(await axeFindings(page)).toEqual([])
  await chromium.context.clearCookies()
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
  expect(chromium.problems).toEqual([])
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
  expect(chromium.problems).toEqual([])
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
  expect(chromium.problems.filter((problem) => !/status of 400/.test(problem))).toEqual([])
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
  expect(chromium.problems).toEqual([])
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
  expect(chromium.problems).toEqual([])
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
  expect(chromium.problems.filter((problem) => !/status of 400/.test(problem))).toEqual([])
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
  expect(chromium.problems).toEqual([])
})
