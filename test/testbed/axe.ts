import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type Axe from 'axe-core'
import type { Page } from 'playwright-core'

const source = readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const widths = { desktop: { width: 1366, height: 900 }, phone: { width: 390, height: 844 } }
/** Only colours differ between light and dark. */
const rules = {
  light: { type: 'tag', values: tags },
  dark: { type: 'rule', values: ['color-contrast', 'link-in-text-block'] },
} as const

/**
 * What axe-core finds on the page as it stands, by WCAG 2.2 AA and good practice, in light and dark, at a desktop’s width
 * and a phone’s, and whether it is wider than the window: a line for each finding. axe comes in by the debugger, which no
 * content security policy binds.
 */
export async function axeFindings(page: Page): Promise<string[]> {
  const before = page.viewportSize()
  const findings: string[] = []
  await page.evaluate(await source)
  for (const [device, size] of Object.entries(widths)) {
    await page.setViewportSize(size)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      for (const finding of await look(page, rules[colorScheme])) {
        findings.push(`${colorScheme}, ${device}: ${finding}`)
      }
    }
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    if (wider > 0) findings.push(`${device}: the page is ${wider} px wider than the window`)
  }
  await page.emulateMedia({ colorScheme: null })
  if (before) await page.setViewportSize(before)
  return findings
}

async function look(page: Page, runOnly: (typeof rules)['light' | 'dark']): Promise<string[]> {
  const violations = await page.evaluate(
    async (only) => {
      const { axe } = globalThis as unknown as { axe: typeof Axe }
      const options = { runOnly: only, resultTypes: ['violations' as const] }
      return (await axe.run(options as unknown as Axe.RunOptions)).violations
    },
    runOnly as unknown as Axe.RunOnly,
  )
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} (${help}) at ${target.join(' ')}: ${failureSummary}`),
  )
}
