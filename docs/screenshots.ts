// Makes the pictures in docs/images from a running server (./vitrine up), real jobs and the system's Chromium.
//
//   VITRINE_TOKEN=$(cat ~/.vitrine/token) node_modules/.bin/node docs/screenshots.ts
import { join } from 'node:path'
import { Vitrine } from '../packages/sdk/src/vitrine.ts'
import { launchBrowser } from '../test/testbed/browser.ts'

const { VITRINE_URL: url = 'http://localhost:7080', VITRINE_TOKEN: token = '' } = process.env
const tasks = [
  { task: 'Print the even numbers from 2 to 20, one on each line.' },
  { task: 'Print the sum of the numbers 1 to 100.', check: { stdout: '5050' } },
  { task: 'Print the text Hello, World!', check: { stdout: 'Hello, World!' } },
]

const vitrine = new Vitrine({ url, token })
const ids: string[] = []
for (const task of tasks) {
  const { id } = await vitrine.jobs.create(task)
  for await (const event of vitrine.jobs.events(id)) if (event.type === 'files.kept') break
  ids.push(id)
}
const best = await bestOf(ids)

const browser = await launchBrowser()
const page = await browser.newPage({ viewport: { width: 1366, height: 880 }, deviceScaleFactor: 1 })
await page.goto(await vitrine.signInLink({ next: `/jobs/${best}` }))
await page.locator('.case[data-state=live]').waitFor()
await page.screenshot({ path: picture('job') })
await page.getByRole('button', { name: 'Replay' }).click()
await page.locator('.player[data-shown]').waitFor()
const moment = page.getByRole('slider', { name: 'Moment of the recording' })
await moment.press('End')
const end = Number(await moment.getAttribute('max'))
await page.waitForFunction((shown) => {
  const player = document.querySelector<HTMLElement>('.player')
  return Number(player?.dataset['shown']) >= shown
}, 0.9 * end)
await page.screenshot({ path: picture('timeline') })
await page.goto(url)
const pictured = page.locator('.card').filter({ has: page.locator('img') })
await pictured.nth(ids.length - 1).waitFor()
await page.screenshot({ path: picture('jobs') })
await page.goto(new URL('new', page.url()).href)
await page.getByRole('button', { name: 'Squares' }).click()
await page.locator('.limits').waitFor()
await page.screenshot({ path: picture('new-job') })
await page.goto(url)
await pictured.nth(ids.length - 1).waitFor()
await page.setViewportSize({ width: 390, height: 844 })
await page.screenshot({ path: picture('phone') })
await browser.close()

/** A job that passed its check shows more than one that only ran; either more than a failed one. */
async function bestOf(jobs: readonly string[]): Promise<string> {
  const all = await Promise.all(jobs.map((id) => vitrine.jobs.get(id)))
  const rank = ({ verdict }: (typeof all)[number]) =>
    ['failed', 'ran', 'passed'].indexOf(verdict?.outcome ?? 'failed')
  return all.toSorted((a, b) => rank(b) - rank(a))[0]!.id
}

function picture(name: string): string {
  return join(import.meta.dirname, 'images', `${name}.png`)
}
