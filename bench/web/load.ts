import type { Vitrine } from '@vitrine/sdk/vitrine.ts'
import type { Browser } from 'playwright-core'
import type { Figure } from '../table.ts'

const rounds = 7

type Marks = { usable: number; firstPaint: number; script: number }

/** Loads the wall anew, each time in a fresh profile. */
export async function measureLoad(browser: Browser, vitrine: Vitrine): Promise<Figure[]> {
  const marks: Marks[] = []
  for (let round = 0; round <= rounds; round++) marks.push(await load(browser, vitrine))
  // The first one warms the server up.
  const measured = marks.slice(1)
  return [
    { what: 'first load, JavaScript', values: [measured[0]!.script / 1000], unit: ' kB', goal: 250 },
    { what: 'load → first paint', values: measured.map(({ firstPaint }) => firstPaint), unit: ' ms' },
    { what: 'load → usable', values: measured.map(({ usable }) => usable), unit: ' ms', goal: 1500 },
  ]
}

async function load(browser: Browser, vitrine: Vitrine): Promise<Marks> {
  const context = await browser.newContext({ viewport: { width: 1366, height: 900 } })
  try {
    const page = await context.newPage()
    await page.goto(await vitrine.signInLink({ next: '/settings' }))
    await page.locator('.rows').first().waitFor()
    const { origin } = new URL(page.url())
    await context.close()
    return await coldLoad(browser, vitrine, origin)
  } finally {
    await context.close().catch(() => {})
  }
}

/** A profile that has the session, but nothing of the app yet. */
async function coldLoad(browser: Browser, vitrine: Vitrine, origin: string): Promise<Marks> {
  const context = await browser.newContext({ viewport: { width: 1366, height: 900 } })
  try {
    await context.request.get(await vitrine.signInLink())
    const page = await context.newPage()
    await page.addInitScript(() => {
      const tasks: number[] = []
      Object.assign(globalThis, { longTaskEnds: tasks, cardsAt: 0 })
      new PerformanceObserver((list) => {
        for (const { startTime, duration } of list.getEntries()) tasks.push(startTime + duration)
      }).observe({ type: 'longtask', buffered: true })
      new MutationObserver((_, observer) => {
        if (!document.querySelector('.card')) return
        observer.disconnect()
        requestAnimationFrame(() =>
          setTimeout(() => Object.assign(globalThis, { cardsAt: performance.now() })),
        )
      }).observe(document, { subtree: true, childList: true })
    })
    await page.goto(origin)
    await page.waitForFunction(() => (globalThis as unknown as { cardsAt: number }).cardsAt > 0)
    // A second without a long task ends the load.
    await page.waitForFunction(() => {
      const { cardsAt, longTaskEnds } = globalThis as unknown as { cardsAt: number; longTaskEnds: number[] }
      return performance.now() - Math.max(cardsAt, ...longTaskEnds) > 1000
    })
    return await page.evaluate(() => {
      const { cardsAt, longTaskEnds } = globalThis as unknown as { cardsAt: number; longTaskEnds: number[] }
      const resources = performance.getEntriesByType('resource') as PerformanceResourceTiming[]
      const scripts = resources.filter(({ name, startTime }) => name.endsWith('.js') && startTime < cardsAt)
      return {
        usable: Math.max(cardsAt, ...longTaskEnds),
        firstPaint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0,
        script: scripts.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
      }
    })
  } finally {
    await context.close()
  }
}
