// Runs a job with a check, tells what happens, and keeps its files.
//
//   VITRINE_TOKEN=$(cat ~/.vitrine/token) node_modules/.bin/node examples/primes.ts [folder]
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Vitrine } from '../packages/sdk/src/vitrine.ts'

const { VITRINE_URL: url = 'http://localhost:7080', VITRINE_TOKEN: token = '' } = process.env
const folder = process.argv[2] ?? '.'

const vitrine = new Vitrine({ url, token })
const { id } = await vitrine.jobs.create({
  task: 'Print the first ten prime numbers, separated by blanks.',
  check: { stdout: '2 3 5 7 11 13 17 19 23 29' },
  limits: { seconds: 300 },
})
console.log(`job ${id}`)

for await (const event of vitrine.jobs.events(id)) {
  if (event.type === 'candidate.text') process.stdout.write(event.data.text)
  if (event.type === 'check.finished')
    console.log(`\n${event.data.result.check}: ${event.data.result.passed}`)
  if (event.type === 'files.kept') break
}

const job = await vitrine.jobs.get(id)
console.log(`${job.state}; the desktop: ${job.desktop.url}`)
await mkdir(folder, { recursive: true })
const zip = await vitrine.jobs.files.zip(id)
await writeFile(join(folder, `${id}.zip`), zip.body!)
