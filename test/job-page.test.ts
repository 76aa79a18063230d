import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { axeFindings } from './testbed/axe.ts'
import { sharedBrowser } from './testbed/shared-browser.ts'
import { sharedServer } from './testbed/shared-server.ts'
import { program } from './testbed/stories.ts'

const { stories, server } = await sharedServer({}, program('print("shown")'))
const chromium = await sharedBrowser({ width: 1440, height: 900 })

const soon = { timeout: 20_000 }

/** A finished job's id, and its page in a signed-in browser. */
async function finished(task: string, view = '', check?: { stdout: string }) {
  const { id } = await server.vitrine.jobs.create({ task, ...(check && { check }) })
  await server.reach(id, ({ finishedAt }) => finishedAt !== null)
  const page = await chromium.context.newPage()
  await page.goto(await server.vitrine.signInLink({ next: `/jobs/${id}${view}` }))
  await page.waitForURL(`${server.url}jobs/${id}${view}`)
  return { id, page }
}
const contentOf = async (id: string, path: string) => {
  const read = async () => (await server.vitrine.jobs.files.read(id, path)).text()
  return read().catch(String)
}
const open = (page: Page, view: string) =>
  page.getByRole('navigation', { name: 'Views' }).getByText(view, { exact: true }).click()
/** What Chromium and noVNC say of a server that is away. */
const outage =
  /ERR_(CONNECTION_REFUSED|CONNECTION_RESET|INCOMPLETE_CHUNKED_ENCODING|EMPTY_RESPONSE)|Failed when connecting/

test('a person types in the terminal, leaves it by keyboard, and finds it as it was after looking elsewhere', async () => {
  const { id, page } = await finished('Show something.')
  await open(page, 'Terminal')
  expect(new URL(page.url()).search).toBe('?view=terminal')
  const glass = page.locator('.terminal-glass')
  await page.locator('.terminal[data-state=live]').waitFor()
  await glass.click()
  await page.keyboard.type('echo "typed $((40 + 2))" > typed.txt; printf "\\e[38;2;9;8;7mcolour\\n"\n')
  await expect.poll(() => contentOf(id, 'typed.txt'), soon).toBe('typed 42\n')
  await expect.poll(() => glass.locator('.xterm-rows').innerText(), soon).toMatch(/^colour/m)
  // Its size is the window's: so much room has more than 80 columns.
  await page.keyboard.type('echo "$COLUMNS" > columns.txt\n')
  const columns = async () => Number(await contentOf(id, 'columns.txt'))
  await expect.poll(columns, soon).toBeGreaterThan(90)

  const hasKeyboard = () => glass.locator('textarea').evaluate((area) => area === document.activeElement)
  await page.keyboard.press('Tab')
  expect(await hasKeyboard()).toBe(true)
  await page.keyboard.press('Control+Alt+Shift')
  await expect.poll(hasKeyboard, soon).toBe(false)

  await open(page, 'Usage')
  await page.goBack()
  await glass.click()
  // What Tab may have begun to complete.
  await page.keyboard.press('Enter')
  await page.keyboard.type('echo still $((1 + 1)) >> typed.txt; exit\n')
  await expect.poll(() => contentOf(id, 'typed.txt'), soon).toBe('typed 42\nstill 2\n')
  await page.getByText('The shell ended.').waitFor()
  await page.getByRole('button', { name: 'New shell' }).click()
  await page.locator('.terminal[data-state=live]').waitFor()
  expect(chromium.problems).toEqual([])
})

test('what a program prints on the terminal changes neither the clipboard nor the page', async () => {
  const { id, page } = await finished('Show something.', '?view=terminal')
  await page.locator('.terminal[data-state=live]').waitFor()
  const title = await page.title()
  const link = String.raw`\x1b]8;;javascript:document.title=1\x1b\\link\x1b]8;;\x1b\\`
  const evil = String.raw`\x1b]0;owned\x07\x1b]52;c;b3duZWQ=\x07${link} <img src=x onerror=document.title=2>`
  await server.vitrine.jobs.files.write(id, 'evil.sh', `printf '${evil}\\n'`)
  await page.locator('.terminal-glass').click()
  await page.keyboard.type(`bash evil.sh; touch done\n`)
  await expect.poll(() => contentOf(id, 'done'), soon).toBe('')
  const rows = page.locator('.xterm-rows')
  await expect.poll(() => rows.innerText(), soon).toMatch(/^link <img/m)
  await rows.getByText('link', { exact: true }).click({ force: true })
  expect(await page.title()).toBe(title)
  expect(await page.locator('.terminal-glass img').count()).toBe(0)
  expect(chromium.problems).toEqual([])
})

test('a terminal whose server went away gets a new shell by itself', async () => {
  const { id, page } = await finished('Show something.', '?view=terminal')
  await page.locator('.terminal[data-state=live]').waitFor()
  await server.kill()
  await page.locator('.terminal[data-state=reconnecting]').waitFor()
  await server.start()
  await page.locator('.terminal[data-state=live]').waitFor()
  await page.locator('.terminal-glass').click()
  await page.keyboard.type('echo back > back.txt\n')
  await expect.poll(() => contentOf(id, 'back.txt'), soon).toBe('back\n')
  expect(chromium.problems.filter((problem) => !outage.test(problem))).toEqual([])
})

test('candidates are tabs with code, what differs between them, and their checks; each has a link', async () => {
  const task = 'Print the double of 21.'
  stories.answer(task, program('x = 21\nprint(x)'), program('x = 21\nprint(2 * x)'))
  const { page } = await finished(task, '', { stdout: '42' })
  const tabs = page.getByRole('navigation', { name: 'Candidates' })
  await tabs.getByText('✓ taken').waitFor()
  expect(await tabs.locator('[aria-current]').innerText()).toContain('taken')
  const code = page.getByRole('region', { name: /^Program of candidate/ })
  expect(await code.innerText()).toContain('print(2 * x)')
  expect(await code.locator('[data-token=number]').allInnerTexts()).toEqual(['21', '2'])

  await tabs.getByText('✗ failed').first().click()
  await page.getByRole('region', { name: 'Program of candidate 1', exact: true }).waitFor()
  await page.locator('.candidate-view').getByText('No It prints what was expected').waitFor()
  expect(new URL(page.url()).search).toBe('?view=candidates&candidate=1')

  await tabs.getByText('✓ taken').click()
  await page.getByLabel('Differences from').selectOption('candidate 1')
  const address = page.url()
  expect(address).toContain('against=1')
  const shared = await chromium.context.newPage()
  await shared.goto(address)
  const differences = shared.getByRole('region', { name: /changes of candidate 1$/ })
  await differences.waitFor()
  const changed = (kind: string) => differences.locator(`[data-change=${kind}] code`).allInnerTexts()
  expect([await changed('gone'), await changed('new')]).toEqual([['print(x)'], ['print(2 * x)']])

  await page.bringToFront()
  await page.goBack()
  await page.goBack()
  await page.getByRole('region', { name: 'Program of candidate 1', exact: true }).waitFor()
  await open(page, 'Usage')
  expect(await page.locator('.usage').innerText()).toMatch(/Model calls\s+\d/)
  expect(chromium.problems).toEqual([])
})

test('files are dropped into the sandbox, looked at, and taken out again; each has a link', async () => {
  const { id, page } = await finished('Show something.', '?view=files')
  await drop(page, { 'data.json': '{"a": [1]}\n', 'ünï <b>.txt': 'dropped\n' })
  await page.getByRole('list', { name: 'Uploads' }).getByText('uploaded').nth(1).waitFor()
  expect(await contentOf(id, 'ünï <b>.txt')).toBe('dropped\n')

  await page.locator('.tree').getByText('data.json').click()
  const text = page.getByRole('region', { name: 'Text of data.json' })
  await text.getByText('"a"').waitFor()
  expect(new URL(page.url()).search).toBe('?view=files&file=data.json')
  await page.reload()
  const downloading = page.waitForEvent('download')
  await page.locator('.preview').getByRole('link', { name: '' }).click()
  const download = await downloading
  expect(download.suggestedFilename()).toBe('data.json')
  expect(await readFile(await download.path(), 'utf8')).toBe('{"a": [1]}\n')

  await drop(page, { 'data.json': '{"a": [2]}\n' })
  await page.getByText('data.json is there already.').waitFor()
  expect(await contentOf(id, 'data.json')).toBe('{"a": [1]}\n')
  await page.getByRole('button', { name: 'Replace' }).click()
  await text.getByText('2').waitFor()

  const picture = await (await server.vitrine.jobs.screenshot(id)).bytes()
  await server.vitrine.jobs.files.write(id, 'picture.png', picture)
  await page.goto(`${server.url}jobs/${id}?view=files&file=picture.png`)
  const image = page.locator('.preview img')
  await expect
    .poll(() => image.evaluate((element) => (element as HTMLImageElement).naturalWidth), soon)
    .toBe(1280)

  await server.vitrine.jobs.stop(id)
  await page.getByText('Files can be added while the desktop is live.').waitFor()
  await page.locator('.tree').getByText('data.json').click()
  await text.getByText('2').waitFor()
  expect(chromium.problems).toEqual([])
})

test('hostile names, files and model text are shown as text and do nothing', async () => {
  const task = 'Show <img src=x onerror="document.title=1">.'
  const words =
    '<script>document.title=1</script> [a](javascript:alert(1)) \u202Egnp.exe\u202C <svg onload=alert(1)>'
  stories.answer(task, `${words}\n${program(`print("""${words}""")`)}`)
  const { id, page } = await finished(task)
  const evil = '<img src=x onerror=document.title=2>.svg'
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" onload="document.title=3"><script>document.title=4</script></svg>'
  const names = [evil, 'a\u202Egnp.html', 'javascript:alert(1).png', 'folder/"\'&.html', 'new\nline.txt']
  for (const name of names) await server.vitrine.jobs.files.write(id, name, svg)

  await page.locator('.story .verdict').waitFor()
  expect(await page.locator('.story').innerText()).toMatch(/<script>document.title=1<\/script>.*‹U\+202E›gnp/)
  expect(await page.locator('.candidates').innerText()).toContain('<svg onload=alert(1)>')
  await open(page, 'Files')
  const tree = page.locator('.files-side')
  await tree.getByText(evil).click()
  await page.getByRole('region', { name: `Text of ${evil}` }).waitFor()
  expect(await page.locator('.preview').innerText()).toContain('<script>document.title=4</script>')
  await tree.getByText('a‹U+202E›gnp.html').click()
  await page.locator('.preview').getByText('onload=').waitFor()
  await tree.getByText('javascript:alert(1).png').click()
  await page.getByText('This is no picture that can be shown.').waitFor()
  await tree.getByText('line.txt').click()
  await page.locator('.preview').getByText('onload=').waitFor()
  await page.goto(`${server.url}jobs/${id}?view=files&file=${encodeURIComponent('../../<img onerror=x>')}`)
  await page.getByText('There is no file ../../<img onerror=x> here').waitFor()
  expect(await page.title()).toContain('onerror')
  expect(await page.locator('.views :is(img, script, svg), .story :is(img, script)').count()).toBe(0)
  expect(chromium.problems).toEqual([])
})

test('a person asks for a change, sees it made in the same sandbox, and both runs’ candidates', async () => {
  const { id, page } = await finished('Show something.')
  const prompt = 'Now print the word changed.'
  stories.answer(prompt, program('print("changed")'))
  const field = page.getByLabel('What should be changed?')
  await field.fill(prompt)
  await page.getByRole('button', { name: 'Ask for it' }).click()
  await expect.poll(() => field.inputValue(), soon).toBe('')
  await server.reach(id, ({ run, finishedAt }) => run === 2 && finishedAt !== null)
  await page.locator('.story').getByText(prompt).waitFor()
  const runs = page.getByRole('navigation', { name: 'Candidates' }).locator('.runs')
  await runs.getByText('Run 2').waitFor()
  await runs.getByText('Run 1').click()
  await page
    .getByRole('region', { name: /^Program of/ })
    .getByText('"shown"')
    .waitFor()
  expect(new URL(page.url()).search).toBe('?view=candidates&run=1')
  expect(chromium.problems).toEqual([])
})

test('axe finds nothing on any of the views, in light and dark, on a desktop and a phone', async () => {
  const task = 'Print the half of 84.'
  stories.answer(task, program('print(84)'), program('print(84 // 2)'))
  const { id, page } = await finished(task, '', { stdout: '42' })
  await server.vitrine.jobs.files.write(id, 'data.json', '{"a": [1, "b"]}\n')
  const shown = {
    '?view=candidates&candidate=2&against=1': '[data-change=new]',
    '?view=files&file=data.json': '.preview [data-token=number]',
    '?view=terminal': '.terminal[data-state=live]',
    '?view=usage': '.usage td',
  }
  for (const [search, there] of Object.entries(shown)) {
    await page.goto(`${server.url}jobs/${id}${search}`)
    await page.locator(there).first().waitFor()
    expect(await axeFindings(page), search).toEqual([])
  }
  expect(chromium.problems).toEqual([])
})

test('a delete can be undone for a while; then, or when its page is left, the job is gone', async () => {
  const { id, page } = await finished('Show something.')
  const press = (name: string) => page.getByRole('button', { name, exact: true }).click()
  const isThere = async (job: string) => {
    const response = await fetch(`${server.url}api/v1/jobs/${job}`, {
      headers: { authorization: `Bearer ${server.token}` },
    })
    return response.ok
  }
  await press('Delete')
  await page.getByText('This job is about to be deleted').waitFor()
  expect(
    await page.getByRole('button', { name: 'Undo' }).evaluate((it) => it === document.activeElement),
  ).toBe(true)
  await press('Undo')
  await page.getByRole('button', { name: 'Delete', exact: true }).waitFor()
  expect(await isThere(id)).toBe(true)

  await press('Delete')
  await page.waitForURL(server.url)
  expect(await isThere(id)).toBe(false)

  const left = await finished('Show something.')
  await left.page.getByRole('button', { name: 'Delete', exact: true }).click()
  await left.page.getByRole('button', { name: 'Undo' }).waitFor()
  await left.page.goto('about:blank')
  await expect.poll(() => isThere(left.id), soon).toBe(false)
  expect(chromium.problems.filter((problem) => !problem.includes('404'))).toEqual([])
})

test('a stopped job tells the way back, which brings its files back', async () => {
  const { id, page } = await finished('Show something.')
  await server.vitrine.jobs.files.write(id, 'kept.txt', 'kept\n')
  const press = (name: string) => page.getByRole('button', { name, exact: true }).click()
  await press('Stop')
  await page.getByText('the desktop can be opened again').waitFor()
  await press('Open the desktop')
  await page.locator('.case[data-state=live]').waitFor()
  expect(await contentOf(id, 'kept.txt')).toBe('kept\n')
  expect(chromium.problems.filter((problem) => !outage.test(problem))).toEqual([])
})

test('a run is repeated from its records, and the model is not asked again', async () => {
  const task = 'Show something once.'
  const { id, page } = await finished(task)
  const asked = stories.asked(task).length
  await page.getByRole('button', { name: 'Repeat …' }).click()
  await page.getByRole('button', { name: 'From its records' }).click()
  await server.reach(id, ({ run, finishedAt }) => run === 2 && finishedAt !== null)
  expect(stories.asked(task)).toHaveLength(asked)
  expect((await server.vitrine.jobs.get(id)).verdict).toMatchObject({ outcome: 'ran' })
  expect(chromium.problems.filter((problem) => !outage.test(problem))).toEqual([])
})

/** Drops files on the box that takes them, as a file manager would. */
async function drop(page: Page, files: Record<string, string>): Promise<void> {
  await page.locator('.upload-box').waitFor()
  const data = await page.evaluateHandle((all) => {
    const transfer = new DataTransfer()
    for (const [name, content] of Object.entries(all)) transfer.items.add(new File([content], name))
    return transfer
  }, files)
  await page.locator('.upload-box').dispatchEvent('drop', { dataTransfer: data })
}

test('what can be done with a job stays in its place while its desktop, its recording and who drives it come', async () => {
  await chromium.context.addInitScript(() => {
    const places = new Set<number>()
    Object.assign(globalThis, { places })
    const look = () => {
      const actions = document.querySelector('.actions')
      if (actions) places.add(Math.round(actions.getBoundingClientRect().top + scrollY))
      requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
  })
  const places = (page: Page) =>
    page.evaluate(() => [...(globalThis as unknown as { places: Set<number> }).places])
  const { id, page } = await finished('Show something.')
  const come = async () => {
    await page.locator('.case[data-state=live]').waitFor()
    await page.getByRole('group', { name: 'Control' }).getByText('Nobody drives').waitFor()
    await page.locator('.show-choice button:text("Replay"):enabled').waitFor()
    expect(await places(page)).toHaveLength(1)
  }
  await come()
  await page.setViewportSize({ width: 390, height: 844 })
  await page.reload()
  await come()

  await server.vitrine.jobs.stop(id)
  await server.reach(id, ({ desktop }) => desktop.state === 'closed')
  for (const width of [390, 1366]) {
    await page.setViewportSize({ width, height: 900 })
    await page.reload()
    await page.locator('.player[data-shown]').waitFor()
    await page.getByText(/^Moments \(\d+\)/).waitFor()
    expect(await places(page)).toHaveLength(1)
  }
  expect(chromium.problems).toEqual([])
})
