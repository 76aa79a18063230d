import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'

export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: '/usr/bin/chromium',
    // A signal is for whoever has more to end than the browser, which ends with this process anyway.
    handleSIGINT: false,
    handleSIGTERM: false,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })

/** What noVNC says where it is closed while it paints: it goes on to what came meanwhile, and drops it. */
const closedWhilePainting = 'Got data while in an invalid state'

/** What pages of a context complain about: console errors, violations of the content security policy among them, and exceptions. */
export function problemsOf(context: BrowserContext): string[] {
  const problems: string[] = []
  context.on('console', (message) => {
    if (message.type() !== 'error' || message.text() === closedWhilePainting) return
    problems.push(`${message.text()} at ${message.location().url}`)
  })
  context.on('weberror', (error) => problems.push(String(error.error())))
  return problems
}

/** How many colours the desktop's canvas shows. A desktop with programs has many; one that was never drawn has one. */
export function coloursOf(page: Page, canvas = 'canvas'): Promise<number> {
  return page.locator(canvas).evaluate((element) => {
    const canvas = element as HTMLCanvasElement
    const copy = new OffscreenCanvas(canvas.width, canvas.height)
    const context = copy.getContext('2d')!
    context.drawImage(canvas, 0, 0)
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height)
    return new Set(new Uint32Array(data.buffer)).size
  })
}

/** Clicks a place of the desktop, given in its own pixels, wherever the canvas is and however it is scaled. */
export async function clickDesktop(page: Page, x: number, y: number): Promise<void> {
  const canvas = page.locator('canvas')
  const box = (await canvas.boundingBox())!
  const width = await canvas.evaluate((element) => (element as HTMLCanvasElement).width)
  const scale = box.width / width
  await page.mouse.click(box.x + x * scale, box.y + y * scale)
}
