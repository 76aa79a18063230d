import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Stand-ins for the built pages: what is in them is the web app's own tests' business. */
export async function webPages(stateDir: string): Promise<string> {
  const folder = join(stateDir, 'web')
  await mkdir(join(folder, 'assets'), { recursive: true })
  const pages = [
    'index.html',
    'vnc.html',
    'shared-recording.html',
    'signed-out.html',
    'ended-link.html',
    'assets/app.js',
  ]
  for (const page of pages) {
    await writeFile(join(folder, page), `<!doctype html><title>${page}</title>`)
  }
  return folder
}
