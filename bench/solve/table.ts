import type { Tally } from './measure.ts'

/** The figures of all models, goals beside them. */
export function printTallies(tallies: readonly Tally[]): string {
  return [
    'Solved, with the output as the check',
    columns(
      [
        '',
        'raw',
        'extracted',
        'product',
        'oracle',
        'product/oracle',
        'goal',
        'product/extracted',
        'goal',
        'calls',
        'model s',
      ],
      tallies.map(solved),
    ),
    'Right outputs without a check: of the first that ran, of the first that printed anything, and of the chosen one',
    columns(
      [
        '',
        'ran',
        'printed',
        'chosen',
        'goal',
        'agreed',
        'calls',
        'calls',
        'calls',
        'model s',
        'model s',
        'model s',
      ],
      tallies.map(unchecked),
    ),
    'What the model server read again of prompts that begin alike (first call of a job, later ones)',
    columns(
      ['', 'tokens first', 'later', 's first', 's later', 'ms a token first', 'later', 'goal'],
      tallies.filter(({ isSimulated }) => !isSimulated).map(prompts),
    ),
  ].join('\n')
}

function solved(tally: Tally): string[] {
  const { model, tasks, raw, extracted, product, oracle, candidates, seconds } = tally
  const share = oracle === 0 ? 1 : product / oracle
  const gain = product / extracted
  // Three times as many are possible where fewer than a third are solved at once, and the samples hold them.
  const room = extracted > 0 && oracle >= 3 * extracted
  return [
    model,
    ...[raw, extracted, product, oracle].map((count) => `${count}/${tasks}`),
    share.toFixed(2),
    verdict('≥ 0.95', share >= 0.95),
    extracted === 0 ? '–' : gain.toFixed(1),
    room ? verdict('≥ 3', gain >= 3) : 'no room',
    (candidates / tasks).toFixed(1),
    seconds.toFixed(0),
  ]
}

function unchecked({ model, tasks, firstRan, firstPrinted, chosen, agreed }: Tally): string[] {
  return [
    model,
    ...[firstRan, firstPrinted, chosen].map(({ right }) => `${right}/${tasks}`),
    verdict('≥ ran', chosen.right >= firstRan.right),
    `${agreed}/${tasks}`,
    ...[firstRan, firstPrinted, chosen].map(({ candidates }) => (candidates / tasks).toFixed(1)),
    ...[firstRan, firstPrinted, chosen].map(({ seconds }) => seconds.toFixed(0)),
  ]
}

function prompts({ model, prompt: { first, later } }: Tally): string[] {
  const perCall = [first, later].map(({ calls, tokens }) => (tokens / calls).toFixed(0))
  const each = [first, later].map(({ calls, seconds }) => (seconds / calls).toFixed(2))
  const perToken = [first, later].map(({ tokens, seconds }) => (1000 * seconds) / tokens)
  return [
    model,
    ...perCall,
    ...each,
    ...perToken.map((ms) => ms.toFixed(2)),
    verdict('< first', (perToken[1] ?? 0) < (perToken[0] ?? 0)),
  ]
}

const verdict = (goal: string, met: boolean) => `${goal} ${met ? 'ok' : 'MISSED'}`

function columns(header: string[], rows: string[][]): string {
  const all = [header, ...rows]
  const widths = header.map((_, column) => Math.max(...all.map((cells) => cells[column]!.length)))
  const line = (cells: string[]) =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join('   ')
  return `${all.map(line).join('\n')}\n`
}
