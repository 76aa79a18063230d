import type { Settings } from '@vitrine/sdk/vitrine.ts'
import { useEffect } from 'preact/hooks'
import { Header } from '../header.tsx'
import { usePolled } from '../polled.ts'
import type { Site } from '../site.ts'
import { problemText } from '../words.ts'
import { limitWord, limitUnit } from '../limit-words.ts'
import './settings.css'
import { TokensSection } from './tokens-section.tsx'

/** API tokens, and what this server was started with. */
export function SettingsPage({ site }: { site: Site }) {
  const { value, error } = usePolled('settings', 60_000, (signal) => site.vitrine.settings({ signal }))
  useEffect(() => {
    document.title = 'Settings · Vitrine'
  }, [])
  return (
    <>
      <Header site={site} />
      <main class="plain settings">
        <h1 tabIndex={-1}>Settings</h1>
        <TokensSection site={site} />
        {error !== undefined && (
          <p role="status" class="problem">
            {problemText(error)}
          </p>
        )}
        {value && <ServerSettings settings={value.settings} />}
        {value && <Limits limits={value.limits} />}
      </main>
    </>
  )
}

function ServerSettings({ settings }: Pick<Settings, 'settings'>) {
  return (
    <section aria-labelledby="server-settings">
      <h2 id="server-settings">This server</h2>
      <p class="hint">
        It reads these from its environment when it starts: <code>VITRINE_POOL=2 ./vitrine up</code>
      </p>
      <dl class="rows">
        {settings.map(({ name, value, about }) => (
          <div key={name}>
            <dt>
              <code>{name}</code>
              <span class="hint">{about}</span>
            </dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}

function Limits({ limits }: Pick<Settings, 'limits'>) {
  return (
    <section aria-labelledby="job-limits">
      <h2 id="job-limits">Limits of a job</h2>
      <p class="hint">What a job gets that asks for nothing else, and the most that it may ask for.</p>
      <dl class="rows">
        {Object.entries(limits).map(([name, range]) => (
          <div key={name}>
            <dt>
              <code>{name}</code>
              <span class="hint">{limitWord(name)}</span>
            </dt>
            <dd>
              {range.default} {limitUnit(name)}
              <span class="hint"> at most {range.max}</span>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
