import type { Job } from '../site.ts'
import { cutWord, type Candidate } from '../story/candidate.ts'
import type { Entry, Story } from '../story/story.ts'
import { checkWord, took } from '../words.ts'
import { visible } from '../visible.ts'
import { Checks } from './checks.tsx'
import { Code, Differences } from './code.tsx'
import { candidates, type View } from './view.ts'
import { ViewLink } from './view-link.tsx'

type CandidatesView = Extract<View, { name: 'candidates' }>

/** The programs that a run tried, as tabs: each with its code, what differs from another one, and its checks. */
export function Candidates(props: {
  job: Job
  story: Story
  view: CandidatesView
  show: (view: View) => void
}) {
  const { job, story, view, show } = props
  const all = story.entries.filter((entry) => entry.kind === 'candidate')
  const runs = [...new Set(all.map(({ run }) => run))]
  const run = view.run ?? runs.at(-1)
  const row = all.filter((candidate) => candidate.run === run)
  const taken = takenOf(row, story.entries)
  const shown =
    row.find(({ number }) => number === (view.candidate ?? taken?.number)) ??
    (view.candidate === null ? row.at(-1) : undefined)

  if (all.length === 0) return <p class="none">No candidate yet: the model has not begun to write.</p>
  return (
    <div class="candidates">
      <nav aria-label="Candidates" class="tabs">
        {row.map((candidate) => (
          <ViewLink
            key={candidate.number}
            to={candidates({ run: view.run, candidate: candidate.number })}
            show={show}
            isCurrent={candidate === shown}
          >
            {candidate.number} <span class="tab-word">{stateOf(candidate, candidate === taken)}</span>
          </ViewLink>
        ))}
        {runs.length > 1 && (
          <span class="runs">
            {runs.map((one) => (
              <ViewLink key={one} to={candidates({ run: one })} show={show} isCurrent={one === run}>
                Run {one}
              </ViewLink>
            ))}
          </span>
        )}
      </nav>
      {shown ? (
        <Shown
          key={`${shown.run} ${shown.number}`}
          job={job}
          shown={shown}
          row={row}
          isTaken={shown === taken}
          view={view}
          show={show}
        />
      ) : (
        <p class="none">There is no such candidate.</p>
      )}
    </div>
  )
}

const attemptWord = { first: 'First try', repair: 'Repair of the one before', fresh: 'Fresh try' }

function Shown(props: {
  job: Job
  shown: Candidate
  row: readonly Candidate[]
  isTaken: boolean
  view: CandidatesView
  show: (view: View) => void
}) {
  const { job, shown, row, isTaken, view, show } = props
  const { finished } = shown
  const program = finished?.program ?? null
  const others = row.filter((one) => one !== shown && one.finished?.program != null)
  const other = others.find(({ number }) => number === view.against)
  const compare = (against: number | null) =>
    show(candidates({ run: view.run, candidate: shown.number, against }))
  return (
    <article class="candidate-view">
      <p class="facts">
        {isTaken && <b data-tone="good">Taken as the job’s program</b>}
        <span>{attemptWord[shown.attempt]}</span>
        <span>{shown.model}</span>
        <span>temperature {shown.temperature}</span>
        <span>seed {shown.seed}</span>
        {finished && <span>{finished.tokensOut} tokens</span>}
        {finished && <span>{took(finished.seconds)}</span>}
        {finished && <span>{cutWord[finished.doneReason]}</span>}
      </p>
      {others.length > 0 && program !== null && (
        <label class="compare">
          Differences from
          <select
            value={other?.number ?? ''}
            onChange={(event) => compare(Number(event.currentTarget.value) || null)}
          >
            <option value="">nothing: the whole program</option>
            {others.map(({ number }) => (
              <option key={number} value={number}>
                candidate {number}
              </option>
            ))}
          </select>
        </label>
      )}
      {program !== null && other?.finished?.program != null ? (
        <Differences
          before={other.finished.program}
          after={program}
          language={job.language}
          label={`What candidate ${shown.number} changes of candidate ${other.number}`}
        />
      ) : program !== null ? (
        <Code code={program} language={job.language} label={`Program of candidate ${shown.number}`} />
      ) : (
        <Answer candidate={shown} />
      )}
      <Checks checks={shown.checks} />
      {shown.checking && <p class="waiting">{checkWord[shown.checking]} …</p>}
      {program !== null && shown.text !== '' && (
        <details>
          <summary>The model’s whole answer</summary>
          <pre tabIndex={0} aria-label="The model’s whole answer">
            {visible(shown.text)}
          </pre>
        </details>
      )}
      {shown.thinking !== '' && (
        <details>
          <summary>Thoughts</summary>
          <pre tabIndex={0} aria-label="Thoughts">
            {visible(shown.thinking)}
          </pre>
        </details>
      )}
    </article>
  )
}

/** What the model has written where that is no program, or not yet. */
function Answer({ candidate: { finished, text } }: { candidate: Candidate }) {
  return (
    <>
      {finished && <p data-tone="bad">No program in the answer.</p>}
      <pre class="answer" tabIndex={0} aria-label="The model’s answer">
        {visible(text)}
        {!finished && <span class="caret" aria-hidden="true" />}
      </pre>
    </>
  )
}

function stateOf({ finished, checks, checking }: Candidate, isTaken: boolean): string {
  if (isTaken) return checks.every(({ passed }) => passed) ? '✓ taken' : '✗ taken as the best'
  if (!finished) return '… writing'
  if (checking) return '… checking'
  if (finished.program === null) return '✗ no program'
  if (checks.length === 0) return ''
  return checks.every(({ passed }) => passed) ? '✓ passed' : '✗ failed'
}

/** The candidate whose evidence the run's verdict holds. */
function takenOf(row: readonly Candidate[], entries: readonly Entry[]): Candidate | undefined {
  const run = row[0]?.run
  const verdict = entries.findLast((entry) => entry.kind === 'verdict' && entry.run === run)
  if (verdict?.kind !== 'verdict' || verdict.verdict.program === null) return undefined
  const evidence = JSON.stringify(verdict.verdict.checks)
  return row.find(({ checks }) => checks.length > 0 && JSON.stringify(checks) === evidence)
}
