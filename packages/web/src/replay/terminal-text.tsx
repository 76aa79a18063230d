import { useEffect, useMemo, useRef } from 'preact/hooks'
import { visible } from '../visible.ts'
import { textOf, type Printed } from './printed.ts'

/** What a job’s terminals had printed by a time of the recording. */
export function TerminalText({ printed, time }: { printed: readonly Printed[]; time: number }) {
  const box = useRef<HTMLPreElement>(null)
  const count = printed.filter((one) => one.time <= time).length
  const text = useMemo(() => visible(textOf(printed, count)), [printed, count])
  useEffect(() => box.current?.scrollTo({ top: box.current.scrollHeight }), [text])
  return (
    <details class="printed" onToggle={() => box.current?.scrollTo({ top: box.current.scrollHeight })}>
      <summary>Terminal{printed.length === 0 && ' (nothing was printed)'}</summary>
      <pre ref={box} tabIndex={0} role="region" aria-label="What terminals had printed by this moment">
        {text}
      </pre>
    </details>
  )
}
