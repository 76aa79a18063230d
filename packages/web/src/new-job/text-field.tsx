import type { Problems } from './draft.ts'
import { described, Field } from './field.tsx'

/** A line that counts letter by letter: nothing completes, corrects or capitalizes it. */
export function TextField(props: {
  path: string
  label: string
  hint: string
  placeholder: string
  problems: Problems
  value: string
  onText: (text: string) => void
  class?: string
}) {
  const { path, label, hint, problems, onText, ...rest } = props
  return (
    <Field {...{ path, label, hint, problems }}>
      <input
        {...described(path, problems, true)}
        {...rest}
        type="text"
        autoComplete="off"
        autoCapitalize="off"
        spellcheck={false}
        onInput={(event) => onText(event.currentTarget.value)}
      />
    </Field>
  )
}
