import type { BenchServer } from '../server.ts'
import type { Figure } from '../table.ts'

const rounds = 15
const goal = 50

/** Milliseconds until a page of 60 jobs is read by HTTP. */
export async function measureLists({ vitrine }: BenchServer): Promise<Figure[]> {
  const filters = {
    'the newest 60': {},
    'in one state': { state: ['failed'] },
    'unfinished, of which there are none': { state: ['queued', 'starting', 'running'] },
    'with a word that many have': { text: 'maze' },
    'with a word that none has': { text: 'nowhere' },
    'with a label that a quarter has': { labels: { team: 'red' } },
    'with a rare label, a state and a word': { labels: { rare: 'yes' }, state: ['failed'], text: 'clock' },
  } as const
  const figures: Figure[] = []
  for (const [what, filter] of Object.entries(filters)) {
    const values: number[] = []
    for (let round = 0; round <= rounds; round++) {
      const began = performance.now()
      await vitrine.jobs.page({ ...filter, limit: 60 })
      if (round > 0) values.push(performance.now() - began)
    }
    figures.push({ what: `list ${what}`, values, unit: ' ms', goal })
  }
  return figures
}
