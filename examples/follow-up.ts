// Runs a job, then changes its program in the same desktop.
//
//   VITRINE_TOKEN=$(cat ~/.vitrine/token) node_modules/.bin/node examples/follow-up.ts
import { Vitrine } from '../packages/sdk/src/vitrine.ts'

const { VITRINE_URL: url = 'http://localhost:7080', VITRINE_TOKEN: token = '' } = process.env

const vitrine = new Vitrine({ url, token })
const { id } = await vitrine.jobs.create({ task: 'Print the first ten prime numbers, separated by blanks.' })
const first = await vitrine.jobs.wait(id)
console.log(`run ${first.run}: ${first.state}; the desktop: ${first.desktop.url}`)

// Whatever somebody has changed in gedit and saved by now is what the model starts from.
await vitrine.jobs.prompt(id, { prompt: 'Print them in one line with commas.' })
const second = await vitrine.jobs.wait(id)
console.log(`run ${second.run}: ${second.state}, ${second.verdict?.outcome}`)
