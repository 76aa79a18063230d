import type { Settings } from '@vitrine/sdk/vitrine.ts'
import { limitUnit, limitWord } from '../limit-words.ts'
import type { Draft, Problems } from './draft.ts'
import { described, Field } from './field.tsx'

/** What the job may use; what is left empty is as usual. */
export function LimitsField(props: {
  ranges: Settings['limits']
  draft: Draft
  problems: Problems
  onChange: (changes: Partial<Draft>) => void
}) {
  const { ranges, draft, problems, onChange } = props
  return (
    <details
      class="limits"
      open={Object.keys(problems).some((path) => path.startsWith('limits.')) || undefined}
    >
      <summary>Limits</summary>
      <div class="limit-fields">
        {Object.entries(ranges).map(([name, range]) => {
          const path = `limits.${name}`
          const unit = limitUnit(name)
          return (
            <Field
              key={name}
              path={path}
              label={unit ? `${limitWord(name)}, ${unit}` : limitWord(name)}
              hint={`${range.min} to ${range.max}`}
              problems={problems}
            >
              <input
                {...described(path, problems, true)}
                type="text"
                inputMode="decimal"
                autoComplete="off"
                placeholder={`${range.default}`}
                value={draft.limits[name] ?? ''}
                onInput={(event) =>
                  onChange({ limits: { ...draft.limits, [name]: event.currentTarget.value } })
                }
              />
            </Field>
          )
        })}
      </div>
    </details>
  )
}
