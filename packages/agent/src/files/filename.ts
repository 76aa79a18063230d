const longest = 60
const longestBytes = 180

/**
 * A safe file name made from a task: letters and digits of any script, words joined by `_`, at most 60 characters. It is
 * never empty, hidden or an option. A single word gets `_program` behind it: `random.py` would hide Python's own `random`.
 */
export function fileName(task: string, extension: string): string {
  const words = task
    .normalize('NFKC')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u, 40)
    .filter((word) => word !== '')
  let stem = ''
  for (const word of words) {
    const longer = stem === '' ? cut(word) : `${stem}_${word}`
    if (cut(longer) !== longer) break
    stem = longer
  }
  if (!stem.includes('_')) stem = stem === '' ? 'program' : `${stem}_program`
  return `${stem}.${extension}`
}

function cut(text: string): string {
  let kept = Array.from(text)
    .slice(0, longest - '_program'.length)
    .join('')
  while (Buffer.byteLength(kept) > longestBytes - '_program'.length)
    kept = Array.from(kept).slice(0, -1).join('')
  return kept
}
