import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Stand-ins for the built pages: what is in them is the web app's own tests' business. */
export async function webPages(stateDir: string): Promise<string> {
  const folder = join(stateDir, 'web')
  await mkdir(join(folder, 'assets'), { recursive: true })
  for (const page of ['index.html', 'vnc.html', 'signed-out.html', 'ended-link.html', 'assets/app.js']) {
    await writeFile(join(folder, page), `<!doctype html><title>${page}</title>`)
  }
  return folder
}
