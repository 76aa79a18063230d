import type { ComponentChildren } from 'preact'
import { viewSearch, type View } from './view.ts'

/** A link to a view of the same page, which can be copied and opened elsewhere like any other. */
export function ViewLink(props: {
  to: View
  show: (view: View) => void
  isCurrent?: boolean
  class?: string
  children: ComponentChildren
}) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    props.show(props.to)
  }
  return (
    <a
      href={viewSearch(props.to)}
      class={props.class}
      aria-current={props.isCurrent ? 'true' : undefined}
      onClick={follow}
    >
      {props.children}
    </a>
  )
}
