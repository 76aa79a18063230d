/**
 * The web app in Chromium, on a server with 10,000 stored jobs: what is loaded first, when it can be used, how long a
 * click takes: `npm run bench:web`.
 */
import { join } from 'node:path'
import { seedJobs } from '../../packages/server/src/testing/seed-jobs.ts'
import { launchBrowser } from '../../test/testbed/browser.ts'
import { startModel } from '../model.ts'
import { startServer } from '../server.ts'
import { table } from '../table.ts'
import { measureClicks } from './clicks.ts'
import { measureLists } from './lists.ts'
import { measureLoad } from './load.ts'

const jobs = 10_000

await using model = await startModel()
await using server = await startServer(model.url, 0)
await seedJobs(join(server.stateDir, 'vitrine.db'), jobs)
const browser = await launchBrowser()
try {
  console.log(`The web app with ${jobs} stored jobs. Loads are of a fresh browser profile, without a cache; JavaScript as gzip.
  Usable: its first cards are there, and no task of 50 ms follows. Clicks: until what was asked for is painted.`)
  console.log(
    table([
      ...(await measureLoad(browser, server.vitrine)),
      ...(await measureClicks(browser, server.vitrine)),
      ...(await measureLists(server)),
    ]),
  )
} finally {
  await browser.close()
}
