import type { Vitrine } from '@vitrine/sdk/vitrine.ts'
import type { Browser, Page } from 'playwright-core'
import type { Figure } from '../table.ts'

const rounds = 15
const goal = 100

/** What a person does on the wall: milliseconds from the click to the paint of what was asked for. */
export async function measureClicks(browser: Browser, vitrine: Vitrine): Promise<Figure[]> {
  const context = await browser.newContext({ viewport: { width: 1366, height: 900 } })
  try {
    const page = await context.newPage()
    await page.goto(await vitrine.signInLink())
    await page.locator('.card').nth(59).waitFor()
    const answer: number[] = []
    const list: number[] = []
    const form: number[] = []
    const back: number[] = []
    const job: number[] = []
    for (let round = 0; round <= rounds; round++) {
      answer.push(
        await click(page, 'button:text-is("Failed")', '.filters button:nth-child(4)[aria-pressed=true]'),
      )
      await page.locator('.card[data-state=failed]').first().waitFor()
      await all(page)
      list.push(await click(page, 'button:text-is("Canceled")', '.card[data-state=canceled]'))
      await all(page)
      form.push(await click(page, 'a:text-is("New job")', '.new-job h1'))
      back.push(await click(page, 'nav a:text-is("Jobs")', '.card'))
      job.push(await click(page, '.card h2 a', '.job-head h1'))
      await page.goBack()
      await page.locator('.card').first().waitFor()
    }
    const figure = (what: string, [, ...values]: number[]) => ({ what, values, unit: ' ms', goal }) as const
    return [
      figure('click on a state → the button answers', answer),
      figure('click on a state → its jobs', list),
      figure('click on New job → the form', form),
      figure('click on Jobs → the wall', back),
      figure('click on a job → its page', job),
    ]
  } finally {
    await context.close()
  }
}

async function all(page: Page): Promise<void> {
  await page.locator('button:text-is("All")').click()
  await page.locator('.card[data-state=succeeded]').first().waitFor()
}

/** Clicks inside the page, so that the driver’s way to the browser is not measured. */
async function click(page: Page, what: string, until: string): Promise<number> {
  return page
    .locator(what)
    .first()
    .evaluate(async (element, selector) => {
      const painted = () => new Promise<number>((resolve) => requestAnimationFrame(resolve))
      await painted()
      const began = performance.now()
      ;(element as HTMLElement).click()
      do await painted()
      while (!document.querySelector(selector))
      // The frame that shows it is painted after its callbacks.
      await new Promise((resolve) => setTimeout(resolve))
      return performance.now() - began
    }, until)
}
