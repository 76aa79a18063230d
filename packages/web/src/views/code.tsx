import { useMemo } from 'preact/hooks'
import { visible } from '../visible.ts'
import { highlight, lines, type CodeLanguage, type Token } from './highlight.ts'
import { diffLines } from './line-diff.ts'

/** Code with its lines numbered and its words coloured. */
export function Code(props: { code: string; language: CodeLanguage | null; label: string }) {
  const all = useLines(props.code, props.language)
  return (
    <div class="code-box" tabIndex={0} role="region" aria-label={props.label}>
      <table class="code-lines">
        <tbody>
          {all.map((line, index) => (
            <tr key={index}>
              <td class="line-number" data-number={index + 1} />
              <td>
                <Line tokens={line} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** How one program became another, line by line. */
export function Differences(props: {
  before: string
  after: string
  language: CodeLanguage | null
  label: string
}) {
  const before = useLines(props.before, props.language)
  const after = useLines(props.after, props.language)
  const changes = useMemo(() => diffLines(before.map(textOf), after.map(textOf)), [before, after])
  const isSame = changes.every((line) => line.before !== null && line.after !== null)
  return (
    <>
      {isSame && <p class="none">They are the same.</p>}
      <div class="code-box" tabIndex={0} role="region" aria-label={props.label}>
        <table class="code-lines">
          <tbody>
            {changes.map((line, index) => {
              const change = line.after === null ? 'gone' : line.before === null ? 'new' : undefined
              return (
                <tr key={index} data-change={change}>
                  <td class="line-number" data-number={line.before === null ? '' : line.before + 1} />
                  <td class="line-number" data-number={line.after === null ? '' : line.after + 1} />
                  <td class="line-sign">
                    {change && <span class="unseen">{change === 'gone' ? 'Removed:' : 'Added:'}</span>}
                    <span aria-hidden="true">{change === 'gone' ? '−' : change === 'new' ? '+' : ''}</span>
                  </td>
                  <td>
                    <Line tokens={(line.after === null ? before[line.before!] : after[line.after]) ?? []} />
                  </td>
                </tr>
              )
            })}
          </tbody>
        </table>
      </div>
    </>
  )
}

function useLines(code: string, language: CodeLanguage | null): Token[][] {
  return useMemo(() => lines(highlight(visible(code), language)), [code, language])
}

const textOf = (line: readonly Token[]) => line.map(({ text }) => text).join('')

function Line({ tokens }: { tokens: readonly Token[] }) {
  return (
    <code>
      {tokens.map(({ kind, text }, index) =>
        kind === 'plain' ? (
          text
        ) : (
          <span key={index} data-token={kind}>
            {text}
          </span>
        ),
      )}
    </code>
  )
}
