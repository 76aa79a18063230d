import type { Browser, BrowserContext } from 'playwright-core'
import { afterAll, afterEach, beforeEach } from 'vitest'
import { launchBrowser, problemsOf } from './browser.ts'

export type SharedBrowser = {
  readonly browser: Browser
  /** A fresh one for each test. */
  readonly context: BrowserContext
  /** What went wrong in it so far: errors on the console, violations of the content security policy among them, and exceptions. */
  readonly problems: string[]
}

/** Chromium, for all tests of the file that asks for it. */
export async function sharedBrowser(viewport = { width: 1366, height: 900 }): Promise<SharedBrowser> {
  const browser = await launchBrowser()
  afterAll(() => browser.close())
  let context: BrowserContext
  let problems: string[]
  beforeEach(async () => {
    context = await browser.newContext({ viewport })
    problems = problemsOf(context)
  })
  afterEach(() => context.close())
  return {
    browser,
    get context() {
      return context
    },
    get problems() {
      return problems
    },
  }
}
