import { useNow } from '../polled.ts'
import type { Job } from '../site.ts'
import type { Story } from '../story/story.ts'
import { secondsBetween, span, took } from '../words.ts'

/** What the run has used so far, beside what it may use. */
export function Usage({ job, story }: { job: Job; story: Story }) {
  const now = useNow(1000)
  const { usage, limits, startedAt, finishedAt } = job
  const end = finishedAt === null ? now : Date.parse(finishedAt)
  const worked = startedAt === null ? 0 : Math.max(0, secondsBetween(startedAt, end))
  const tried = story.entries.filter((entry) => entry.kind === 'candidate' && entry.run === job.run)
  const used: [what: string, used: string, of: string][] = [
    ['Model calls', number(usage.calls), number(limits.modelCalls)],
    ['Tokens read by the model', number(usage.tokensIn), number(limits.tokensIn)],
    ['Tokens written by the model', number(usage.tokensOut), number(limits.tokensOut)],
    ['Candidates', number(tried.length), number(limits.candidates)],
    ['Time since the start', span(worked), `${span(limits.seconds)} of work`],
    ['Calls waited for their turn', took(story.times.waited), ''],
    ['Calls were answered in', took(story.times.answered), ''],
  ]
  return (
    <div class="usage" tabIndex={0} role="region" aria-label="Usage">
      <table>
        <caption class="unseen">What this run has used</caption>
        <thead>
          <tr>
            <th scope="col">Run {job.run}</th>
            <th scope="col">used</th>
            <th scope="col">at most</th>
          </tr>
        </thead>
        <tbody>
          {used.map(([what, amount, most]) => (
            <tr key={what}>
              <th scope="row">{what}</th>
              <td>{amount}</td>
              <td>{most}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {tried.length > 0 && (
        <table>
          <caption class="unseen">What each candidate took</caption>
          <thead>
            <tr>
              <th scope="col">Candidate</th>
              <th scope="col">read</th>
              <th scope="col">written</th>
              <th scope="col">time</th>
              <th scope="col">tokens/s</th>
            </tr>
          </thead>
          <tbody>
            {tried.map((entry) =>
              entry.kind === 'candidate' ? (
                <tr key={entry.number}>
                  <th scope="row">{entry.number}</th>
                  <td>{entry.finished ? number(entry.finished.tokensIn) : '…'}</td>
                  <td>{entry.finished ? number(entry.finished.tokensOut) : '…'}</td>
                  <td>{entry.finished ? took(entry.finished.seconds) : '…'}</td>
                  <td>{rate(entry.finished)}</td>
                </tr>
              ) : null,
            )}
          </tbody>
        </table>
      )}
    </div>
  )
}

const number = (value: number) => value.toLocaleString('en')

function rate(finished: { tokensOut: number; seconds: number } | null): string {
  if (!finished || finished.seconds <= 0) return ''
  return (finished.tokensOut / finished.seconds).toFixed(1)
}
