import { jobsPath, pagePath, readAddress, type ServerPage } from './address.ts'
import './header.css'
import { Link } from './link.tsx'
import type { Site } from './site.ts'

const pages: { page: ServerPage; word: string }[] = [
  { page: 'jobs', word: 'Jobs' },
  { page: 'models', word: 'Models' },
  { page: 'settings', word: 'Settings' },
  { page: 'doctor', word: 'Doctor' },
]

/** The name over every page, which leads home, and the way to the other pages. */
export function Header({ site }: { site: Site }) {
  const { pathname } = location
  const here = pathname === `${site.base}/api` ? 'api' : readAddress(pathname).page.name
  const current = (page: string) => (page === here ? { 'aria-current': 'page' as const } : {})
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
      <nav aria-label="Pages">
        <ul>
          {pages.map(({ page, word }) => (
            <li key={page}>
              <Link site={site} to={pagePath(site.base, page)} {...current(page)}>
                {word}
              </Link>
            </li>
          ))}
          <li>
            <a href={`${site.base}/api`} {...current('api')}>
              API
            </a>
          </li>
        </ul>
      </nav>
      <Link site={site} to={pagePath(site.base, 'new')} class="button primary" {...current('new')}>
        New job
      </Link>
    </header>
  )
}
