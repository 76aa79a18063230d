import { table, type Figure } from './table.ts'

type Bench = { header: string; run: () => Promise<Figure[]> }

/**
 * Runs the benchmarks that the command line names, or all of them, after `setUp`, and prints each one's figures below its
 * header.
 */
export async function runBenches(
  benches: Record<string, Bench>,
  setUp: () => Promise<void> = async () => {},
): Promise<void> {
  const names = Object.keys(benches)
  const wanted = process.argv.slice(2)
  const unknown = wanted.filter((name) => !names.includes(name))
  if (unknown.length > 0) {
    console.error(`There is no benchmark ${unknown.join(', ')}; choose from ${names.join(', ')}.`)
    process.exit(2)
  }
  await setUp()
  for (const [name, { header, run }] of Object.entries(benches)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue
    console.log(header)
    console.log(table(await run()))
  }
}
