import type { Check } from '../site.ts'
import { checkWord, took } from '../words.ts'
import { visible } from '../visible.ts'

/** What was checked of a program, with the evidence. */
export function Checks({ checks }: { checks: readonly Check[] }) {
  return (
    <ul class="checks">
      {checks.map((check, index) => (
        <li key={index}>
          <p data-tone={check.passed ? 'good' : 'bad'}>
            <b>{check.passed ? 'Yes' : 'No'}</b> {checkWord[check.check]}
          </p>
          <p class="facts">
            {check.timedOut ? <span>out of time</span> : <span>exit code {check.exitCode ?? 'none'}</span>}
            <span>{took(check.seconds)}</span>
          </p>
          {check.message && <p>{visible(check.message)}</p>}
          {check.output && (
            <details open={!check.passed}>
              <summary>What it printed</summary>
              <pre tabIndex={0} aria-label={`What it printed: ${checkWord[check.check]}`}>
                {visible(check.output)}
              </pre>
            </details>
          )}
        </li>
      ))}
    </ul>
  )
}

/** The same in a line each, with what was wrong. */
export function CheckLines({ checks }: { checks: readonly Check[] }) {
  return (
    <ul class="check-lines">
      {checks.map((check, index) => (
        <li key={index} data-tone={check.passed ? 'good' : 'bad'}>
          <b>{check.passed ? 'Yes' : 'No'}</b> {checkWord[check.check]}
          {!check.passed && check.message && `: ${visible(check.message)}`}
        </li>
      ))}
    </ul>
  )
}
