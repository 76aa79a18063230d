import type { ComponentChildren } from 'preact'
import type { Problems } from './draft.ts'

/** A field with its label, and next to it what is wrong with it. `path` is its place in the body of `POST /jobs`. */
export function Field(props: {
  path: string
  label: string
  hint?: string
  problems: Problems
  children: ComponentChildren
}) {
  const { path, label, hint, problems } = props
  return (
    <div class="field">
      <label for={idOf(path)}>{label}</label>
      {props.children}
      {hint && (
        <p class="hint" id={`${idOf(path)}-hint`}>
          {hint}
        </p>
      )}
      {problems[path] && (
        <p class="problem" id={`${idOf(path)}-problem`}>
          {problems[path]}
        </p>
      )}
    </div>
  )
}

/** What the control of a field needs to be named, and described by its hint and its problem. */
export function described(path: string, problems: Problems, hint = false) {
  const id = idOf(path)
  const by = [hint && `${id}-hint`, problems[path] && `${id}-problem`].filter(Boolean).join(' ')
  return {
    id,
    name: path,
    ...(by && { 'aria-describedby': by }),
    ...(problems[path] && { 'aria-invalid': true }),
  }
}

const idOf = (path: string) => path.replaceAll('.', '-')
