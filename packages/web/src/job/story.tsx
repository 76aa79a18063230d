import { useEffect, useRef } from 'preact/hooks'
import type { Verdict } from '../site.ts'
import { cutWord, type Candidate } from '../story/candidate.ts'
import type { Entry, Story as Told } from '../story/story.ts'
import { CheckLines, Checks } from '../views/checks.tsx'
import { candidates, type View } from '../views/view.ts'
import { ViewLink } from '../views/view-link.tsx'
import { visible } from '../visible.ts'
import { checkWord, outcomeWord, took } from '../words.ts'

/** What happened, in order. The newest stays in sight until the reader scrolls up. */
export function Story(props: { story: Told; show: (view: View) => void; problem: string | undefined }) {
  const { story, show, problem } = props
  const box = useRef<HTMLDivElement>(null)
  useStickToEnd(box, story)
  return (
    <section class="story" aria-labelledby="story">
      <h2 id="story">Story</h2>
      <p class="unseen" role="status">
        {story.news}
      </p>
      {problem && <p class="problem">{problem}</p>}
      <div class="story-box" ref={box} tabIndex={0} role="region" aria-label="What happened so far">
        {story.entries.length === 0 && <p class="none">Nothing has happened yet.</p>}
        <ol>
          {story.entries.map((entry) => (
            <li key={entry.key} class={`entry entry-${entry.kind}`}>
              <time dateTime={entry.at}>{clock(entry.at)}</time>
              <EntryBody entry={entry} show={show} />
            </li>
          ))}
        </ol>
      </div>
    </section>
  )
}

function EntryBody({ entry, show }: { entry: Entry; show: (view: View) => void }) {
  switch (entry.kind) {
    case 'run':
      return <h3>Run {entry.run}</h3>
    case 'note':
      return <p data-tone={entry.tone}>{visible(entry.text)}</p>
    case 'windows':
      return <p>Opened {entry.programs.join(', ')} on the desktop</p>
    case 'wait':
      return <p class={entry.isOver ? 'waited' : 'waiting'}>{entry.message}</p>
    case 'candidate':
      return <CandidateBody candidate={entry} show={show} />
  }
  return <VerdictBody verdict={entry.verdict} message={entry.message} />
}

const attemptWord = { first: 'first try', repair: 'repair', fresh: 'fresh try' }

function CandidateBody({ candidate, show }: { candidate: Candidate; show: (view: View) => void }) {
  const { finished } = candidate
  return (
    <div class="candidate">
      <h3>
        <ViewLink to={candidates({ run: candidate.run, candidate: candidate.number })} show={show}>
          Candidate {candidate.number}
        </ViewLink>
        , {attemptWord[candidate.attempt]}
      </h3>
      <p class="facts">
        <span>{candidate.model}</span>
        <span>temperature {candidate.temperature}</span>
        <span>seed {candidate.seed}</span>
      </p>
      {candidate.thinking && (
        <details>
          <summary>Thoughts</summary>
          <pre tabIndex={0} aria-label="Thoughts">
            {visible(candidate.thinking)}
          </pre>
        </details>
      )}
      {candidate.text && (
        <pre class="answer" tabIndex={0} aria-label={`The model’s answer, candidate ${candidate.number}`}>
          {visible(candidate.text)}
          {!finished && <span class="caret" aria-hidden="true" />}
        </pre>
      )}
      {finished && (
        <p class="facts">
          <span>{finished.tokensOut} tokens</span>
          <span>{took(finished.seconds)}</span>
          <span>{cutWord[finished.doneReason]}</span>
          {finished.program === null && <span data-tone="bad">no program in the answer</span>}
        </p>
      )}
      <CheckLines checks={candidate.checks} />
      {candidate.checking && <p class="waiting">{checkWord[candidate.checking]} …</p>}
    </div>
  )
}

function VerdictBody({ verdict, message }: { verdict: Verdict; message: string | null }) {
  return (
    <div class="verdict" data-outcome={verdict.outcome}>
      <h3>Verdict: {outcomeWord[verdict.outcome].toLowerCase()}</h3>
      {message && <p>{visible(message)}</p>}
      <p class="facts">
        {verdict.program && <span>{visible(verdict.program)}</span>}
        <span>
          {verdict.candidates === 1
            ? '1 candidate'
            : `${verdict.candidate === null ? '' : `number ${verdict.candidate} of `}${verdict.candidates} candidates`}
        </span>
      </p>
      <Checks checks={verdict.checks} />
    </div>
  )
}

const clock = (at: string) => new Date(at).toLocaleTimeString(undefined, { hourCycle: 'h23' })

/** Follows the end for as long as the end is what the reader looks at. */
function useStickToEnd(box: { current: HTMLElement | null }, story: Told): void {
  const isAtEnd = useRef(true)
  useEffect(() => {
    const element = box.current
    const look = () => {
      if (element) isAtEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < 40
    }
    element?.addEventListener('scroll', look, { passive: true })
    return () => element?.removeEventListener('scroll', look)
  }, [])
  useEffect(() => {
    if (isAtEnd.current) box.current?.scrollTo({ top: box.current.scrollHeight })
  }, [story])
}
