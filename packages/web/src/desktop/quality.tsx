/** How well the connection to the server does, by the milliseconds that its answers took of late, the newest last. */
export function Quality({ answers }: { answers: readonly number[] }) {
  const sorted = answers.toSorted((a, b) => a - b)
  const middle = sorted[Math.floor(sorted.length / 2)]
  if (middle === undefined) return null
  const word = middle < 100 ? 'good' : middle < 300 ? 'fair' : 'slow'
  return (
    <span class="quality" data-quality={word}>
      <span class="unseen">Connection: </span>
      {word}, {Math.round(middle)} ms
    </span>
  )
}
