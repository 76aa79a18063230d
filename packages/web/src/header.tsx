import { jobsPath } from './address.ts'
import { Link } from './link.tsx'
import type { Site } from './site.ts'

/** The name over every page, which leads home. */
export function Header({ site }: { site: Site }) {
  return (
    <header class="top">
      <Link site={site} to={jobsPath(site.base)} class="brand">
        <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
          <path class="brand-glass" d="M6 4h20v18H6z" />
          <path class="brand-glare" d="M10 18 19 7M15 19l7-8.5" />
          <path class="brand-plinth" d="M3 23h26v5H3z" />
        </svg>
        Vitrine
      </Link>
      <nav aria-label="Documents">
        <a href={`${site.base}/api`}>API</a>
      </nav>
    </header>
  )
}
