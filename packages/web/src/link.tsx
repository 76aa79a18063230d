import type { ComponentChildren } from 'preact'
import type { Site } from './site.ts'

/** A link to another page of the app; only a plain click stays in it. */
export function Link(props: { site: Site; to: string; class?: string; children: ComponentChildren }) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    props.site.go(props.to)
  }
  return (
    <a href={props.to} class={props.class} onClick={follow}>
      {props.children}
    </a>
  )
}
