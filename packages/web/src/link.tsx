import type { ComponentChildren } from 'preact'
import type { Site } from './site.ts'

type Props = {
  site: Site
  to: string
  class?: string
  'aria-current'?: 'page'
  children: ComponentChildren
}

/** A link to another page of the app; only a plain click stays in it. */
export function Link({ site, to, children, ...attributes }: Props) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    site.go(to)
  }
  return (
    <a href={to} onClick={follow} {...attributes}>
      {children}
    </a>
  )
}
